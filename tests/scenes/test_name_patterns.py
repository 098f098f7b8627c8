"""Patterns of dates in names: each of a product finds its own and no other one's."""

import pytest

from harma.scenes.name_patterns import (
    BETWEEN,
    DAY_FIRST,
    DAYS,
    INDEX_WORD,
    MONTHS_AND_QUARTERS,
    PRODUCTS,
    YEARLY_WORD,
    YEARS,
)

NAMES = (
    "LC08_L1TP_196023_20190401_20190421_01_T1",
    "LT50440342010077PAC01",
    "S2A_OPER_PRD_MSIL1C_PDMC_20160101T120000_R051_V20151231T103031_20151231T103031",
    "S2A_MSIL2A_20200612T103031_N0214_R108_T31UFT_20200613T140000",
    "OR_ABI-L2-CMIPF-M6C13_G16_s20201231230203_e20201231239522_c20201231240009",
    "MOD09GA.A2020123.h18v03.006.2020125040506",
    "SVDNB_npp_d20120401_t1030150_e1035550_b00001",
    "AST_L1T_00307022020103015_20200703123456_1234",
    "HS_H08_20200101_0310_B01_FLDK_R10_S0110",
    "m_3712213_sw_10_060_20200525_20200903",
    "10MAR21180734-M2AS-052300687010_01_P001",
    "IMG-HH-ALOS2012345678-150131-UBSR1.5GUD",
)


@pytest.mark.parametrize("name", NAMES)
def test_one_pattern_is_of_each_product(name):
    assert len(PRODUCTS) == len(NAMES)
    found = [number for number, pattern in enumerate(PRODUCTS) if pattern.search(name)]
    assert found == [NAMES.index(name)]


def test_groups_are_those_that_are_read():
    known = {"year", "year2", "month", "day", "yday", "clock", "quarter"}
    helpers = {"dash", "colon", "one", "two"}
    for pattern in (*PRODUCTS, *DAYS, *DAY_FIRST, *MONTHS_AND_QUARTERS, *YEARS):
        assert pattern.groupindex.keys() & {"year", "year2"}
        assert pattern.groupindex.keys() <= known | helpers


@pytest.mark.parametrize("text", ["-", "_", "--", "_to_", "to", " - ", "~"])
def test_between_two_ends(text):
    assert BETWEEN.fullmatch(text)
    assert not BETWEEN.fullmatch(f"{text}x")


def test_words():
    assert INDEX_WORD.search("a_tile_")
    assert INDEX_WORD.search("x")
    assert not INDEX_WORD.search("texture_")
    assert YEARLY_WORD.search("ca_naip_2019")
    assert not YEARLY_WORD.search("snaips_2019")
