"""How dates stand in names of files: patterns of sensors' products, days, months, quarters, years.

Groups are named by what they hold: year, year2 (two digits), month (number or name), day, yday (day
of the year), clock (digits of hours, minutes and perhaps seconds and parts of them), quarter.
"""

import re

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH_NAME = (
    r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?"
    r"|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_YEAR = r"(?P<year>(?:19|20)\d{2})"
_MONTH = r"(?P<month>0[1-9]|1[0-2])"
_DAY = r"(?P<day>0[1-9]|[12]\d|3[01])"
_YDAY = r"(?P<yday>[0-3]\d{2})"
_HOUR = r"(?:[01]\d|2[0-3])"
_SIXTY = r"[0-5]\d"
# Behind a time in digits: parts of a second, and the zone.
_PARTS = r"(?:[.,]\d{1,9}|\d{3}|\d{6})?(?!\d)"
# A time behind a day: T103031, _103031, T10:30:31, " at 10.30.31", T10_30_31, T1030.
_CLOCK = (
    rf"(?:(?:[t_ -]| at )(?P<clock>{_HOUR}(?P<colon>[:.-]?){_SIXTY}(?P=colon){_SIXTY}{_PARTS}"
    rf"|(?<=t){_HOUR}_{_SIXTY}_{_SIXTY}(?!\d)"
    rf"|(?<=t){_HOUR}:?{_SIXTY}(?![0-9a-z:])))?"
)
# Nothing that goes on as a longer number, or as a time that there is none of.
_END = r"(?!\d)(?!t\d{4})"


def _compiled(*patterns: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern, re.IGNORECASE) for pattern in patterns)


# Names of sensors' products whose numbers would be read wrongly by the rules for all names. The
# first date is when the scene was taken; those that follow are of its processing.
PRODUCTS = _compiled(
    # Landsat's product (LC08_L1TP_196023_20190401_20190421_02_T1) and scene (LT50440342010077).
    rf"^l[cotem]0?\d_l\w{{3}}_\d{{6}}_{_YEAR}{_MONTH}{_DAY}(?=_)",
    rf"(?<![0-9a-z])l[cotem][1-9]\d{{6}}{_YEAR}{_YDAY}(?:[a-z]{{3}}\d{{2}})?(?![0-9a-z])",
    # Sentinel-2 before 2016: sensing follows V, what comes first is when the file was made.
    rf"(?<=_v){_YEAR}{_MONTH}{_DAY}t(?P<clock>\d{{6}})(?=_\d{{8}}t\d{{6}}(?!\d))",
    # Sentinel-2 since: sensing, orbit, tile, and a second date that tells products apart.
    rf"(?<=^s2[abcd]_msil[12][abc]_){_YEAR}{_MONTH}{_DAY}t(?P<clock>\d{{6}})(?=_n\d{{4}}_)",
    # GOES: year and day of the year, start, and parts of seconds.
    rf"(?<=_s){_YEAR}{_YDAY}(?P<clock>\d{{6}})\d(?=_e\d{{14}}(?!\d))",
    # MODIS and VIIRS: A2020123, and the time of a swath; AppEEARS: doy2020123.
    rf"(?<![0-9a-z])(?:a|doy){_YEAR}{_YDAY}(?:\.(?P<clock>{_HOUR}{_SIXTY})(?=\.))?(?![0-9a-z])",
    # VIIRS swaths: d20200101_t1030150.
    rf"(?<=_d){_YEAR}{_MONTH}{_DAY}_t(?P<clock>\d{{6}})\d(?=_e)",
    # ASTER: month, day, year and time behind the version.
    rf"(?<=^ast_)\w{{2,4}}_\d{{3}}{_MONTH}{_DAY}{_YEAR}(?P<clock>\d{{6}})(?!\d)",
    # Himawari: HS_H08_20200101_0300_B01.
    rf"(?<=^hs_h\d\d_){_YEAR}{_MONTH}{_DAY}_(?P<clock>\d{{4}})(?=_)",
    # NAIP: the quarter quad, its zone and ground distance, taken, and perhaps made.
    rf"^m_\d{{7}}_\w\w_\d\d_\w+?_{_YEAR}{_MONTH}{_DAY}(?!\d)",
    # Maxar: 10MAR21180734-M2AS; year, month, day, time.
    rf"(?<![0-9a-z])(?P<year2>\d\d){_MONTH_NAME}{_DAY}(?P<clock>{_HOUR}{_SIXTY}{_SIXTY})(?!\d)",
    # ALOS-2: its orbit and frame, then year, month and day in two digits.
    rf"(?<=alos2)\d{{9}}-(?P<year2>\d\d){_MONTH}{_DAY}(?=-)",
)
# A day, perhaps with a time. Digits before or after would make it part of a longer number.
DAYS = _compiled(
    # 20200101123015, 14 digits and parts of a second; 12 digits.
    rf"(?<!\d){_YEAR}{_MONTH}{_DAY}(?P<clock>{_HOUR}{_SIXTY}{_SIXTY}(?:[.,]\d{{1,9}}|\d|\d{{3}}"
    rf"|\d{{6}})?)(?!\d)",
    rf"(?<!\d){_YEAR}{_MONTH}{_DAY}(?P<clock>{_HOUR}{_SIXTY})(?!\d)",
    # 20150926, 2015-09-26; RapidEye writes 2010-08-13T105030.
    rf"(?<!\d){_YEAR}(?P<dash>[-_.]?){_MONTH}(?P=dash){_DAY}{_CLOCK}{_END}",
    # With underscores everywhere: 2020_06_15_10_30_15.
    rf"(?<!\d){_YEAR}_{_MONTH}_{_DAY}_(?P<clock>{_HOUR}_{_SIXTY}_{_SIXTY})(?!\d)",
    # Day of the year: 2020123T154020, and alone. Beside a number of five to seven digits it is the
    # northing of a tile.
    rf"(?<!\d){_YEAR}{_YDAY}t(?P<clock>{_HOUR}{_SIXTY}{_SIXTY}){_PARTS}",
    rf"(?<![0-9a-z])(?<!\d{{5}}[-_]){_YEAR}{_YDAY}(?![0-9a-z])(?![-_]\d{{5,7}}(?!\d))",
    # By the month's name: 15-Jun-2020, June 15, 2020, 2020-Jun-15.
    rf"(?<![0-9a-z])(?P<day>\d{{1,2}})[-_. ]?{_MONTH_NAME}[-_. ]?{_YEAR}{_CLOCK}(?![0-9a-z])",
    rf"(?<![a-z]){_MONTH_NAME}[-_. ]?(?P<day>\d{{1,2}})(?:[-_. ]|, ){_YEAR}(?![0-9a-z])",
    rf"(?<!\d){_YEAR}[-_. ]?{_MONTH_NAME}[-_. ]?{_DAY}{_CLOCK}(?![0-9a-z])",
    # 14JUL20 is 20 July 2014: in this order Maxar writes it.
    rf"(?<![0-9a-z])(?P<year2>\d\d){_MONTH_NAME}{_DAY}(?![0-9a-z])",
)
# Day and month before the year, whichever comes first.
DAY_FIRST = _compiled(
    rf"(?<!\d)(?P<one>\d\d)(?P<dash>[-_.])(?P<two>\d\d)(?P=dash){_YEAR}{_CLOCK}(?!\d)"
    rf"(?!(?P=dash)\d)",
)
MONTHS_AND_QUARTERS = _compiled(
    # 2020-06, 2020_06; not where a short number follows, as it could be a day.
    rf"(?<!\d){_YEAR}[-_]{_MONTH}(?!\d)(?![-_.]\d{{1,2}}(?!\d))",
    # 202006, with no number beside it.
    rf"(?<![0-9a-z])(?<!\d[-_. ]){_YEAR}{_MONTH}(?![0-9a-z])(?![-_. ]\d+(?![0-9a-z]))",
    # With two digits beside it, it is a day that there is none of.
    rf"(?<![0-9a-z])(?<!\d\d[-_. ]){_MONTH_NAME}[-_. ]?{_YEAR}(?!\d)",
    rf"(?<!\d){_YEAR}[-_. ]?{_MONTH_NAME}(?![0-9a-z])(?![-_. ]\d\d(?!\d))",
    rf"(?<!\d){_YEAR}[-_. ]?q(?P<quarter>[1-4])(?![0-9a-z])",
    rf"(?<![0-9a-z])q(?P<quarter>[1-4])[-_. ]?{_YEAR}(?!\d)",
)
YEARS = _compiled(
    rf"^{_YEAR}$",
    rf"(?<![0-9a-z]){_YEAR}(?![0-9a-z])",
)
# Between the first and the last date of a range.
BETWEEN = re.compile(r"[-_~ ]{1,3}|[-_ ]?to[-_ ]?", re.IGNORECASE)
# Numbers behind these words count something.
INDEX_WORD = re.compile(
    r"(?:^|[^a-z])(?:tiles?|chips?|patch|crop|row|col|column|[xyzrcij]|id|no|nr|img|image|dsc[nf]?"
    r"|dji|scene|part|block|frame|px|grid|quad|epsg|cell|sample|photo|pic)[-_ .]*$",
    re.IGNORECASE,
)
# Imagery that is made once a year: with one of these words a year in a name is one.
YEARLY_WORD = re.compile(
    r"(?<![a-z])(?:naip|nlcd|cdl|worldcover|swissimage|dop\d*[a-z]*|orthophotos?|annual|yearly)"
    r"(?![a-z])",
    re.IGNORECASE,
)
