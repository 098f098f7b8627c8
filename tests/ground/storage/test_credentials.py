"""Credentials of buckets: the environment, profiles, and none at all."""

import pytest

from harma.errors import StorageError
from harma.ground.storage import credentials
from harma.ground.storage.addresses import address_of
from harma.ground.storage.credentials import options_for

S3 = address_of("s3://bucket/a")


@pytest.fixture(autouse=True)
def environment(monkeypatch, tmp_path):
    """Nothing of this machine's."""
    import os

    for name in list(os.environ):
        if name.startswith(("AWS_", "AZURE_", "GOOGLE_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    return tmp_path


def test_keys_of_the_environment_are_left_to_the_libraries(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    assert options_for(S3) == {"aws_region": "us-east-1"}


def test_endpoint_and_region(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9000")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    assert options_for(S3) == {
        "aws_region": "eu-west-1",
        "aws_endpoint": "http://127.0.0.1:9000",
        "allow_http": "true",
    }
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "https://minio.example")
    options = options_for(S3)
    assert options["aws_endpoint"] == "https://minio.example"
    assert "allow_http" not in options


def test_what_gdal_is_told_holds_for_all(monkeypatch):
    monkeypatch.setenv("AWS_NO_SIGN_REQUEST", "YES")
    monkeypatch.setenv("AWS_S3_ENDPOINT", "minio:9000")
    monkeypatch.setenv("AWS_HTTPS", "NO")
    assert options_for(S3) == {
        "aws_region": "us-east-1",
        "aws_endpoint": "http://minio:9000",
        "aws_skip_signature": "true",
        "allow_http": "true",
    }
    monkeypatch.setenv("AWS_HTTPS", "YES")
    assert options_for(S3)["aws_endpoint"] == "https://minio:9000"
    monkeypatch.setenv("AWS_NO_SIGN_REQUEST", "NO")
    with pytest.raises(StorageError, match="there are no credentials"):
        options_for(S3)


def test_a_profile(monkeypatch, environment):
    (environment / "credentials").write_text(
        "[work]\naws_access_key_id = K\naws_secret_access_key = S\n[default]\nregion=x\n"
    )
    (environment / "config").write_text("[profile work]\nregion = eu-north-1\n")
    monkeypatch.setenv("AWS_PROFILE", "work")
    assert options_for(S3) == {
        "aws_region": "eu-north-1",
        "aws_access_key_id": "K",
        "aws_secret_access_key": "S",
    }
    # Keys of the environment come first, as in AWS's own programs.
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "other")
    assert options_for(S3) == {"aws_region": "eu-north-1"}


def test_no_credentials_are_told_at_once():
    with pytest.raises(StorageError, match="no credentials for s3://bucket/a: set AWS_ACCESS"):
        options_for(S3)


def test_a_public_bucket_needs_none(monkeypatch):
    monkeypatch.setenv("AWS_SKIP_SIGNATURE", "true")
    assert options_for(S3)["aws_skip_signature"] == "true"


def test_a_machine_of_amazons_says_who_it_is(monkeypatch):
    monkeypatch.delenv("AWS_EC2_METADATA_DISABLED")
    asked = []

    class Connection:
        def close(self):
            asked.append("closed")

    def connect(place, seconds):
        asked.append(place)
        return Connection()

    monkeypatch.setattr(credentials.socket, "create_connection", connect)
    assert options_for(S3) == {"aws_region": "us-east-1"}
    assert asked == [("169.254.169.254", 80), "closed"]


def test_a_damaged_file_of_profiles_is_as_none(monkeypatch, environment):
    (environment / "credentials").write_text("no section\n")
    with pytest.raises(StorageError, match="no credentials"):
        options_for(S3)


def test_google_and_azure_are_left_to_the_libraries(monkeypatch):
    assert options_for(address_of("gs://bucket")) == {}
    monkeypatch.setenv("AZURE_STORAGE_ENDPOINT", "http://127.0.0.1:10000")
    assert options_for(address_of("az://container")) == {"allow_http": "true"}
