# Makes every call of a matrix as every user, and prints what came of each as JSON: {user: {call: "ok" or the error's code}}.
# The matrix comes as JSON on standard input: endpoint, users with their keys, calls.

import json
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

matrix = json.load(sys.stdin)
CONFIG = Config(retries={"max_attempts": 0}, s3={"addressing_style": "path"})
# One session for all: what it has loaded of the models serves every client.
session = boto3.session.Session(region_name="us-west-2")


def outcome(clients, call):
    try:
        answer = getattr(clients[call["client"]], call["method"])(**call["input"])
    except ClientError as error:
        return error.response["Error"]["Code"]
    return next((each["Code"] for each in answer.get("Errors", [])), "ok")


def outcomes(keys):
    clients = {
        service: session.client(
            service,
            endpoint_url=matrix["endpoint"],
            config=CONFIG,
            aws_access_key_id=keys["accessKeyId"],
            aws_secret_access_key=keys["secretAccessKey"],
            aws_session_token=keys.get("sessionToken"),
        )
        for service in ("simspaceweaver", "s3")
    }
    return {name: outcome(clients, call) for name, call in matrix["calls"].items()}


print(json.dumps({name: outcomes(keys) for name, keys in matrix["users"].items()}))
