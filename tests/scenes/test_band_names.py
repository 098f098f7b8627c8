"""What descriptions and wavelengths say of bands."""

import pytest

from harma.scenes.band_names import (
    band_codes,
    by_codes,
    by_imd,
    by_wavelengths,
    by_words,
    polarisation,
    wavelength_in_tags,
    wavelengths_in_list,
)
from harma.scenes.sensors import BY_KEY


@pytest.mark.parametrize(
    ("names", "bands"),
    [
        ("red,green,blue", (1, 2, 3)),
        ("Blue,Green,Red,NIR", (3, 2, 1)),
        ("B,G,R,N", (3, 2, 1)),
        ("band_1_blue,band_2_green,band_3_red,band_4_nir", (3, 2, 1)),
        ("reflectance_blue,reflectance_green,reflectance_red", (3, 2, 1)),
        ("coastal_blue,blue,green_i,green,yellow,red,rededge,nir", (6, 4, 2)),
        ("Coastal Blue,Blue,Green I,Green,Yellow,Red,Red Edge,NIR", (6, 4, 2)),
        ("CoastalBlue,Blue,Green,Yellow,Red,RedEdge,NIR1,NIR2", (5, 3, 2)),
        ("RED_EDGE,RED,GREEN,BLUE", (2, 3, 4)),
        ("near infra-red,red,green,blue", (2, 3, 4)),
        ("Ultra Blue (coastal),Blue,Green,Red", (4, 3, 2)),
        ("red_mean,green_mean,blue_mean", (1, 2, 3)),
        ("red_stdDev,red_mean,green_mean,blue_mean", (2, 3, 4)),
        ("Band 4 (Red),Band 3 (Green),Band 2 (Blue)", (1, 2, 3)),
        ("red mask,red,green,blue", (2, 3, 4)),
        ("nir,red,green", None),
        ("rededge,green,blue", None),
        ("reduced,greenery,blueprint", None),
        ("red green blue,x,y", None),
        ("SR_B4,SR_B3,SR_B2", None),
        (",,", None),
    ],
)
def test_words(names, bands):
    assert by_words([name or None for name in names.split(",")]) == bands


@pytest.mark.parametrize(
    ("lengths", "bands"),
    [
        ((450, 550, 650), (3, 2, 1)),
        ((0.485, 0.56, 0.66, 0.83), (3, 2, 1)),
        ((443, 490, 560, 665, 705, 740), (4, 3, 2)),
        ((664.9, 559.8, 492.4, 832.8), (1, 2, 3)),
        # As an imaging spectrometer: 10 nm apart from 400 nm on.
        (tuple(range(400, 2500, 10)), (27, 17, 9)),
        ((560, 660, 830), None),
        ((None, None, None), None),
        ((450, None, 650), None),
    ],
)
def test_wavelengths(lengths, bands):
    assert by_wavelengths(lengths) == bands


def test_wavelengths_in_descriptions():
    names = ["B2, central wavelength 490 nm", "B3, central wavelength 560 nm"]
    names += ["B4, central wavelength 665 nm", "B8, central wavelength 842 nm"]
    assert by_wavelengths([None] * 4, names) == (3, 2, 1)
    assert by_wavelengths((), ["0.66 um", "0.56 µm", "0.48 Micrometers"]) == (1, 2, 3)
    assert by_wavelengths((), ["Band 1 (660.0 Nanometers)", "(560.0 nm)", "(480 nm)"]) == (1, 2, 3)
    assert by_wavelengths((), ["660", "560", "480"]) is None
    # Tags come first.
    assert by_wavelengths((480, 560, 660), ["660 nm", "560 nm", "480 nm"]) == (3, 2, 1)


def test_wavelengths_in_tags():
    assert wavelength_in_tags({"wavelength": "664.6", "x": "1"}) == 664.6
    assert wavelength_in_tags({"CENTRAL_WAVELENGTH_UM": "0.665"}) == 0.665
    assert wavelength_in_tags({"wavelength": "red"}) is None
    assert wavelengths_in_list({"wavelength": "{ 450.5,\n 550, 650 }"}, 3) == [450.5, 550, 650]
    assert wavelengths_in_list({"wavelength": "450, 550"}, 3) == [None] * 3


@pytest.mark.parametrize(
    ("names", "codes"),
    [
        ("B04,B8A,B11", "4,8a,11"),
        ("SR_B4,S2_B04,FRE_B4", "4,4,4"),
        ("sur_refl_b01,Oa08_radiance,band4", "1,8,4"),
        ("Band 4,Band 3,Band 2", "4,3,2"),
        ("Band 1,Band 2,Band 3", ",,"),
        ("Layer_1,Layer_2,Layer_3", ",,"),
        ("B1,B2,B3", "1,2,3"),
        ("AB4,B4x,NDVI", ",,"),
    ],
)
def test_codes(names, codes):
    assert band_codes(names.split(",")) == codes.split(",")


@pytest.mark.parametrize(
    ("codes", "key", "expected"),
    [
        ("2 3 4 5", "landsat-8", ((3, 2, 1), "Landsat 8 and 9")),
        ("1 2 3 4", "landsat-7", ((3, 2, 1), "Landsat 4, 5 and 7")),
        ("2 3 4", "landsat-7", None),
        ("4 3 2", "sentinel-2", ((1, 2, 3), "Sentinel-2")),
        ("1 2 3 4", "planetscope", ((3, 2, 1), "PlanetScope")),
        ("1 2 3 4 5 6 7 8", "planetscope", ((6, 4, 2), "PlanetScope")),
        ("1 2 3 4 5 6 7", "modis", ((1, 4, 3), "MODIS")),
        ("1 2 3 4 5 7", "", ((3, 2, 1), "Landsat 4 to 7")),
        ("2 3 4 8", "", ((3, 2, 1), "Sentinel-2 and Landsat 8")),
        ("1 2 3 4 5 6 7 8 8a 9 11 12", "", ((4, 3, 2), "Sentinel-2 and Landsat 8")),
        ("1 2 3 4", "", ((4, 3, 2), "")),
        ("5 4 3", "", None),
    ],
)
def test_names_of_sensors_bands(codes, key, expected):
    assert by_codes(codes.split(), BY_KEY.get(key)) == expected


def test_the_order_of_an_imd():
    tags = {"bandId": "Multi", "BAND_C.ULLon": "1", "BAND_B.ULLon": "1", "BAND_G.ULLon": "1"}
    tags |= {"BAND_Y.x": "1", "BAND_R.ULLon": "1", "BAND_R.y": "2", "BAND_RE.ULLon": "1"}
    assert by_imd(tags) == (5, 3, 2)
    assert by_imd({"BAND_N.x": "1", "BAND_R.x": "1", "BAND_G.x": "1"}) is None
    assert by_imd({"BAND_P.x": "1"}) is None


@pytest.mark.parametrize(
    ("names", "band"),
    [("VH,VV", 2), ("HH,HV", 1), ("Sigma0_VH,Sigma0_VV,angle", 2), ("VV/VH,VH", 2), ("x,y", 0)],
)
def test_polarisations(names, band):
    assert polarisation(names.split(",")) == band
