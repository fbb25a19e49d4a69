# Calls every operation once with boto3 and our model, and checks the answers; prints "ok".

import sys

import boto3
from botocore.exceptions import ClientError

ARN = "arn:aws:simspaceweaver:us-west-2:111122223333:simulation/world"
client = boto3.client("simspaceweaver", endpoint_url=sys.argv[1])

started = client.start_simulation(
    Name="world",
    RoleArn="arn:aws:iam::111122223333:role/weaver",
    SchemaS3Location={"BucketName": "bucket", "ObjectKey": "schema.yaml"},
    Tags={"a b/+&=é": "c"},
)
assert started["Arn"] == ARN, started
assert started["CreationTime"].timestamp() == 1664921418.09, started

client.start_clock(Simulation="world")
described = client.describe_simulation(Simulation="world")
assert described["LiveSimulationState"]["Clocks"] == [{"Status": "STARTED", "TargetStatus": "STARTED"}], described
assert "StartError" not in described, described
client.stop_clock(Simulation="world")

app = {"Simulation": "world", "Domain": "view"}
client.start_app(**app, Name="one", LaunchOverrides={"LaunchCommands": ["run", "--fast"]})
client.start_app(**app, Name="two")
shown = client.describe_app(**app, App="one")
assert shown["EndpointInfo"]["IngressPortMappings"] == [{"Actual": 7001, "Declared": 7000}], shown
first = client.list_apps(Simulation="world", MaxResults=1)
second = client.list_apps(Simulation="world", NextToken=first["NextToken"])
assert [item["Name"] for item in first["Apps"] + second["Apps"]] == ["one", "two"], (first, second)
client.stop_app(**app, App="two")
client.delete_app(**app, App="two")
client.create_snapshot(Simulation="world", Destination={"BucketName": "bucket", "ObjectKeyPrefix": "a/b"})

client.tag_resource(ResourceArn=ARN, Tags={"d": "e", "f+g h": "i"})
client.untag_resource(ResourceArn=ARN, TagKeys=["d", "f+g h"])
tags = client.list_tags_for_resource(ResourceArn=ARN)["Tags"]
assert tags == {"a b/+&=é": "c"}, tags

client.stop_simulation(Simulation="world")
listed = client.list_simulations()["Simulations"]
assert [(item["Name"], item["Status"]) for item in listed] == [("world", "STOPPED")], listed
client.delete_simulation(Simulation="world")

try:
    client.describe_simulation(Simulation="world")
    raise AssertionError("a deleted simulation was described")
except client.exceptions.ResourceNotFoundException as error:
    assert error.response["Error"]["Message"] == "There is no simulation 'world'", error.response

try:
    client.stop_simulation(Simulation="not a name")
    raise AssertionError("an invalid name was taken")
except ClientError as error:
    assert error.response["Error"]["Code"] == "ValidationException", error.response
    assert "at 'simulation' failed to satisfy constraint" in error.response["Error"]["Message"], error.response

print("ok")
