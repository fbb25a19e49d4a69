# A user's whole story with boto3 as Debian ships it and the model that Heddle ships: from an empty bucket to two equal worlds. Prints "ok".
# python3 boto3-walk.py ENDPOINT FOLDER LOGS_COMMAND...   (FOLDER holds schema.yaml, cells.zip and view.zip)

import json
import re
import socket
import subprocess
import sys
import time

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

ENDPOINT, FOLDER, *LOGS = sys.argv[1:]
ROLE = "arn:aws:iam::111122223333:role/walk"
NAME = "walk-boto3"
BUCKET = "walk-boto3"

weaver = boto3.client("simspaceweaver", endpoint_url=ENDPOINT)
s3 = boto3.client("s3", endpoint_url=ENDPOINT, config=Config(s3={"addressing_style": "path"}))


def wait(what, condition):
    give_up = time.monotonic() + 60
    while time.monotonic() < give_up:
        found = condition()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError(f"waited 60 s for {what}")


def simulation_is(name, status):
    def condition():
        found = weaver.describe_simulation(Simulation=name)
        assert found["Status"] == status or found["Status"] != "FAILED", found
        return found if found["Status"] == status else None

    return wait(f"{name} to be {status}", condition)


def app_is(name, status):
    def condition():
        found = weaver.describe_app(Simulation=NAME, Domain="View", App=name)
        assert found["Status"] != "ERROR", found
        return found if found["Status"] == status else None

    return wait(f"app {name} to be {status}", condition)


def hashes(name):
    lines = subprocess.run([*LOGS, name], check=True, capture_output=True, text=True).stdout.splitlines()
    found = (re.search(r" tick=(\d+) entities=(\d+) handoffs=\d+ state-hash=(\S+)$", line) for line in lines)
    return {int(match[1]): (int(match[2]), match[3]) for match in found if match}


def refused(code, call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        assert error.response["Error"]["Code"] == code, error
        return error.response["Error"]["Message"]
    raise AssertionError(f"{code} was expected")


s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
for key, file in (("schema.yaml", "schema.yaml"), ("apps/cells.zip", "cells.zip"), ("apps/view.zip", "view.zip")):
    s3.upload_file(f"{FOLDER}/{file}", BUCKET, key)
    s3.download_file(BUCKET, key, f"{FOLDER}/{file}.again")
    with open(f"{FOLDER}/{file}", "rb") as one, open(f"{FOLDER}/{file}.again", "rb") as two:
        assert one.read() == two.read(), key

# No ClientToken is given: boto3 makes one up, since the model says that it is one.
started = weaver.start_simulation(
    Name=NAME,
    RoleArn=ROLE,
    SchemaS3Location={"BucketName": BUCKET, "ObjectKey": "schema.yaml"},
    MaximumDuration="1d",
    Tags={"heddle:state-hash-interval": "1", "a b/+&=é": "c"},
)
arn = started["Arn"]
described = simulation_is(NAME, "STARTED")
assert described["CreationTime"] == started["CreationTime"], described
assert described["LiveSimulationState"]["Clocks"] == [{"Status": "STOPPED", "TargetStatus": "STOPPED"}], described
assert not {"StartError", "SchemaError", "Description", "SnapshotS3Location"} & set(described), described
refused("ConflictException", weaver.start_simulation, Name=NAME, RoleArn=ROLE,
        SchemaS3Location={"BucketName": BUCKET, "ObjectKey": "schema.yaml"})

weaver.start_clock(Simulation=NAME)
weaver.start_app(
    Simulation=NAME,
    Domain="View",
    Name="view",
    LaunchOverrides={"LaunchCommands": ["node", "app.ts", "--to", "Cells", "--port", "7000", "--entities", "3"]},
)
weaver.start_app(Simulation=NAME, Domain="View", Name="second")
endpoint = app_is("view", "STARTED")["EndpointInfo"]
assert [port["Declared"] for port in endpoint["IngressPortMappings"]] == [7000], endpoint
other = app_is("second", "STARTED")["EndpointInfo"]
assert other["IngressPortMappings"][0]["Actual"] != endpoint["IngressPortMappings"][0]["Actual"], (other, endpoint)


def seen():
    try:
        with socket.create_connection((endpoint["Address"], endpoint["IngressPortMappings"][0]["Actual"])) as client:
            known = json.loads(client.makefile().read())
            return known["made"] == 3 and known["seen"] > 0
    except ConnectionRefusedError:
        return False


wait("the view to see the world", seen)

paginator = []
token = {}
while True:
    page = weaver.list_apps(Simulation=NAME, MaxResults=2, **token)
    assert len(page["Apps"]) <= 2, page
    paginator += [app["Name"] for app in page["Apps"]]
    if "NextToken" not in page:
        break
    token = {"NextToken": page["NextToken"]}
assert len(paginator) == 4 and paginator[-2:] == ["second", "view"], paginator
assert [app["Name"] for app in weaver.list_apps(Simulation=NAME, Domain="View")["Apps"]] == ["second", "view"]
assert [each["Name"] for each in weaver.list_simulations(MaxResults=10)["Simulations"]] == [NAME]

weaver.tag_resource(ResourceArn=arn, Tags={"x y+z%2F/é=&?#": "~!*'()", "plain": ""})
weaver.untag_resource(ResourceArn=arn, TagKeys=["plain", "a b/+&=é"])
tags = weaver.list_tags_for_resource(ResourceArn=arn)["Tags"]
assert tags == {"heddle:state-hash-interval": "1", "x y+z%2F/é=&?#": "~!*'()"}, tags

weaver.create_snapshot(Simulation=NAME, Destination={"BucketName": BUCKET, "ObjectKeyPrefix": "saved"})
simulation_is(NAME, "STARTED")
keys = [each["Key"] for each in s3.list_objects_v2(Bucket=BUCKET, Prefix="saved/snapshot/")["Contents"]]
assert len(keys) == 1, keys
weaver.start_simulation(
    Name="branch",
    RoleArn=ROLE,
    SnapshotS3Location={"BucketName": BUCKET, "ObjectKey": keys[0]},
    Tags={"heddle:state-hash-interval": "1"},
)
simulation_is("branch", "STARTED")
weaver.start_clock(Simulation="branch")


def common():
    one, two = hashes(NAME), hashes("branch")
    assert all(one[tick] == two[tick] for tick in one.keys() & two.keys()), (one, two)
    return len(one.keys() & two.keys()) >= 20


wait("20 ticks of both worlds", common)

weaver.stop_app(Simulation=NAME, Domain="View", App="view")
assert "EndpointInfo" not in app_is("view", "STOPPED")
weaver.delete_app(Simulation=NAME, Domain="View", App="view")
assert "view" in refused("ResourceNotFoundException", weaver.describe_app, Simulation=NAME, Domain="View", App="view")
refused("ConflictException", weaver.delete_app, Simulation=NAME, Domain="View", App="second")
weaver.stop_clock(Simulation=NAME)
refused("ConflictException", weaver.delete_simulation, Simulation=NAME)
for name in (NAME, "branch"):
    weaver.stop_simulation(Simulation=name)
    simulation_is(name, "STOPPED")
    weaver.delete_simulation(Simulation=name)
refused("ResourceNotFoundException", weaver.describe_simulation, Simulation=NAME)
assert weaver.list_simulations()["Simulations"] == []

# Objects and logs outlive their simulation.
assert s3.head_object(Bucket=BUCKET, Key=keys[0])["ContentLength"] > 0
assert hashes(NAME)
print("ok")
