"""Dates of scenes, where everybody finds them: in names, in metadata, as people write them."""

from harma.scenes.name_dates import date_in_name, period_in_folders, period_in_name
from harma.scenes.tag_dates import DateInTags, date_in_tags, period_in_tags
from harma.scenes.written_dates import parse_date, parse_period, period_of_text

__all__ = [
    "DateInTags",
    "date_in_name",
    "date_in_tags",
    "parse_date",
    "parse_period",
    "period_in_folders",
    "period_in_name",
    "period_in_tags",
    "period_of_text",
]
