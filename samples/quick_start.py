#!/usr/bin/env python3
"""Builds a sample, packs it, uploads it, starts it, and says where to look.

    python3 samples/quick_start.py bubbles
    python3 samples/quick_start.py pathfinding --name my-run

Run it while Heddle serves. It needs boto3 (Debian: python3-boto3) that knows the service: run
`heddle clients install` once. A sample is a folder with `schema.yaml`, a folder for each package, and,
where something has to be compiled, `build.sh`, which gets the folder to write to.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path
from typing import Iterator, Tuple

import boto3
import botocore.exceptions

SAMPLES = Path(__file__).resolve().parent
PACKAGES = ("spatial", "view")
VIEW_DOMAIN = "View"
ROLE = "arn:aws:iam::111122223333:role/any"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("sample", help="name of a folder beside this file")
    options.add_argument("--name", help="of the simulation; default: the sample's")
    options.add_argument("--bucket", default="samples")
    options.add_argument(
        "--endpoint", default=os.environ.get("AWS_ENDPOINT_URL", "http://127.0.0.1:4310")
    )
    options.add_argument("--region", default=os.environ.get("AWS_REGION", "us-west-2"))
    options.add_argument(
        "--build-folder", help="for what is compiled; default: build, in the sample's folder"
    )
    settings = options.parse_args()
    folder = SAMPLES / settings.sample
    if not (folder / "schema.yaml").exists():
        sys.exit(f"{folder} has no schema.yaml: name a sample's folder in {SAMPLES}")
    credentials = Path.home() / ".local/state/heddle/credentials"
    if credentials.exists():
        os.environ.setdefault("AWS_SHARED_CREDENTIALS_FILE", str(credentials))
    session = boto3.Session(region_name=settings.region)
    storage = session.client("s3", endpoint_url=settings.endpoint)
    weaver = session.client("simspaceweaver", endpoint_url=settings.endpoint)
    upload(storage, folder, Path(settings.build_folder or folder / "build"), settings.bucket)
    start(weaver, settings.name or settings.sample, settings.sample, settings.bucket)


def upload(storage, folder: Path, built: Path, bucket: str) -> None:
    """Puts the packages and the schema into the bucket, below the sample's name."""
    if bucket not in [found["Name"] for found in storage.list_buckets()["Buckets"]]:
        storage.create_bucket(Bucket=bucket)
    sources = folder
    if (folder / "build.sh").exists():
        print(f"building in {built} …", flush=True)
        subprocess.run(["sh", str(folder / "build.sh"), str(built)], check=True)
        sources = built
    with tempfile.TemporaryDirectory() as work:
        for package in PACKAGES:
            archive = Path(work) / f"{package}.zip"
            pack(archive, sources / package)
            put(storage, bucket, f"{folder.name}/{package}.zip", archive.read_bytes())
    schema = (folder / "schema.yaml").read_text().replace("s3://BUCKET/", f"s3://{bucket}/")
    put(storage, bucket, f"{folder.name}/schema.yaml", schema.encode())


def put(storage, bucket: str, key: str, body: bytes) -> None:
    print(f"uploading s3://{bucket}/{key} ({len(body):,} bytes)", flush=True)
    storage.put_object(Bucket=bucket, Key=key, Body=body)


def pack(archive: Path, folder: Path) -> None:
    """Zips all of a folder but tests."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as target:
        for file, name in files_of(folder):
            target.write(file, name)


def files_of(folder: Path) -> Iterator[Tuple[Path, str]]:
    for file in sorted(folder.rglob("*")):
        is_test = file.name.startswith("test_") or "__pycache__" in file.parts
        if file.is_file() and not is_test:
            yield file, str(file.relative_to(folder))


def start(weaver, name: str, sample: str, bucket: str) -> None:
    place = {"BucketName": bucket, "ObjectKey": f"{sample}/schema.yaml"}
    weaver.start_simulation(Name=name, RoleArn=ROLE, SchemaS3Location=place)
    print(f"starting {name} …", flush=True)
    wait_for(lambda: weaver.describe_simulation(Simulation=name), "STARTED")
    weaver.start_app(Simulation=name, Domain=VIEW_DOMAIN, Name="view")
    view = {"Simulation": name, "Domain": VIEW_DOMAIN, "App": "view"}
    found = wait_for(lambda: weaver.describe_app(**view), "STARTED")
    weaver.start_clock(Simulation=name)
    endpoint = found["EndpointInfo"]
    for port in endpoint["IngressPortMappings"]:
        address = f"{endpoint['Address']}:{port['Actual']}"
        print(f"port {port['Declared']} of the view app: {address}")
    print(f"to stop it: heddle simulation stop {name} && heddle simulation delete {name}")


def wait_for(describe, status: str) -> dict:
    """Waits until what is described has the status; exits where it has failed."""
    while True:
        found = describe()
        if found["Status"] == status:
            return found
        if found["Status"] not in ("STARTING", "STOPPED"):
            sys.exit(f"it is {found['Status']}: {found.get('StartError') or 'see heddle logs'}")
        time.sleep(0.2)


if __name__ == "__main__":
    try:
        main()
    except botocore.exceptions.NoCredentialsError:
        sys.exit(
            "no access key was found: set AWS_SHARED_CREDENTIALS_FILE to the file that Heddle "
            "names when it starts"
        )
    except (
        botocore.exceptions.ClientError,
        botocore.exceptions.EndpointConnectionError,
        botocore.exceptions.UnknownServiceError,
    ) as error:
        sys.exit(str(error))
