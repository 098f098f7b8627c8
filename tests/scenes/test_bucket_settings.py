"""GDAL's settings for buckets, from what other programs are told."""

import os

import pytest
import rasterio

from harma.scenes.bucket_settings import bucket_settings
from harma.scenes.edge import gdal_settings


@pytest.fixture(autouse=True)
def _nothing_of_this_machine(monkeypatch):
    for name in list(os.environ):
        if name.startswith(("AWS_", "AZURE_", "GOOGLE_", "GS_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, {}),
        (
            {"AWS_ENDPOINT_URL": "http://minio:9000/"},
            {
                "AWS_S3_ENDPOINT": "minio:9000",
                "AWS_HTTPS": "NO",
                "AWS_VIRTUAL_HOSTING": "FALSE",
            },
        ),
        (
            {
                "AWS_ENDPOINT_URL": "http://other",
                "AWS_ENDPOINT_URL_S3": "https://s3.example.org",
                "AWS_VIRTUAL_HOSTED_STYLE_REQUEST": "true",
            },
            {
                "AWS_S3_ENDPOINT": "s3.example.org",
                "AWS_HTTPS": "YES",
                "AWS_VIRTUAL_HOSTING": "TRUE",
            },
        ),
        ({"AWS_SKIP_SIGNATURE": "true"}, {"AWS_NO_SIGN_REQUEST": "YES"}),
        ({"AWS_SKIP_SIGNATURE": "false"}, {}),
        ({"AWS_DEFAULT_REGION": "eu-west-1"}, {"AWS_REGION": "eu-west-1"}),
        (
            {"AZURE_STORAGE_ACCOUNT_NAME": "me", "AZURE_STORAGE_ACCOUNT_KEY": "key"},
            {"AZURE_STORAGE_ACCOUNT": "me", "AZURE_STORAGE_ACCESS_KEY": "key"},
        ),
        ({"AZURE_STORAGE_SAS_KEY": "sv=1&sig=x"}, {"AZURE_STORAGE_SAS_TOKEN": "sv=1&sig=x"}),
        ({"GOOGLE_SERVICE_ACCOUNT": "me.json"}, {"GOOGLE_APPLICATION_CREDENTIALS": "me.json"}),
        ({"GOOGLE_SKIP_SIGNATURE": "1"}, {"GS_NO_SIGN_REQUEST": "YES"}),
    ],
)
def test_what_gdal_is_told(environment, expected, monkeypatch):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert bucket_settings() == expected


def test_the_endpoint_of_a_profile(tmp_path, monkeypatch):
    (tmp_path / "config").write_text("[profile lab]\nendpoint_url = http://lab:9000\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_PROFILE", "lab")
    assert bucket_settings()["AWS_S3_ENDPOINT"] == "lab:9000"


def test_gdals_own_variables_go_before(monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://minio:9000")
    monkeypatch.setenv("AWS_S3_ENDPOINT", "own:1")
    with gdal_settings():
        told = rasterio.env.getenv()
    assert "AWS_S3_ENDPOINT" not in told
    assert "AWS_HTTPS" not in told
    assert told["GDAL_HTTP_MAX_RETRY"] == "4"
