# boto3's own pagers, waiters and transfers, as programs use them. Prints "ok".
# python3 pagers.py ENDPOINT BUCKET FOLDER   (25 simulations world-00 … world-24 are there, and world-00 has seven apps)

import hashlib
import os
import sys
import threading

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config

ENDPOINT, BUCKET, FOLDER = sys.argv[1:]
MIB = 1024 * 1024
WORLDS = [f"world-{index:02}" for index in range(25)]
APPS = [f"app-{index}" for index in range(7)]

weaver = boto3.client("simspaceweaver", endpoint_url=ENDPOINT)
s3 = boto3.client("s3", endpoint_url=ENDPOINT, config=Config(s3={"addressing_style": "path"}))


def same(found, wanted):
    assert found == wanted, (found, wanted)


# Lists of the API, by pages of any size, in one piece, and from where an earlier walk has stopped.
worlds = weaver.get_paginator("list_simulations")
for size in (1, 7, 24, 25, 26, 1000):
    pages = list(worlds.paginate(PaginationConfig={"PageSize": size}))
    same([len(page["Simulations"]) for page in pages], [min(size, 25 - at) for at in range(0, 25, size)])
    same([each["Name"] for page in pages for each in page["Simulations"]], WORLDS)
same(len(worlds.paginate().build_full_result()["Simulations"]), 25)
first = worlds.paginate(PaginationConfig={"PageSize": 4, "MaxItems": 10}).build_full_result()
same([each["Name"] for each in first["Simulations"]], WORLDS[:10])
rest = worlds.paginate(PaginationConfig={"StartingToken": first["NextToken"]}).build_full_result()
same([each["Name"] for each in rest["Simulations"]], WORLDS[10:])
same(list(worlds.paginate().search("Simulations[?Name=='world-24'].Status")), ["STOPPED"])
apps = weaver.get_paginator("list_apps")
for size in (1, 3, 7, 100):
    found = apps.paginate(Simulation="world-00", Domain="View", PaginationConfig={"PageSize": size})
    same([each["Name"] for page in found for each in page["Apps"]], APPS)
same(list(apps.paginate(Simulation="world-01").search("Apps[].Name")), [])

# Waiters, for what is there, what comes, and what goes.
soon = {"Delay": 1, "MaxAttempts": 60}


def later(call, **arguments):
    threading.Timer(1.5, call, kwargs=arguments).start()


s3.get_waiter("bucket_not_exists").wait(Bucket=BUCKET, WaiterConfig=soon)
later(s3.create_bucket, Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
s3.get_waiter("bucket_exists").wait(Bucket=BUCKET, WaiterConfig=soon)
later(s3.put_object, Bucket=BUCKET, Key="late é/+ 1", Body=b"there")
s3.get_waiter("object_exists").wait(Bucket=BUCKET, Key="late é/+ 1", WaiterConfig=soon)
later(s3.delete_object, Bucket=BUCKET, Key="late é/+ 1")
s3.get_waiter("object_not_exists").wait(Bucket=BUCKET, Key="late é/+ 1", WaiterConfig=soon)

# Lists of objects.
KEYS = sorted(f"{folder}/{index}" for folder in ("a", "b &+é", "c") for index in range(5))
for key in KEYS:
    s3.put_object(Bucket=BUCKET, Key=key, Body=b"x")
for operation in ("list_objects_v2", "list_objects"):
    pager = s3.get_paginator(operation)
    for size in (1, 2, 5, 14, 15, 16, 1000):
        listing = pager.paginate(Bucket=BUCKET, PaginationConfig={"PageSize": size})
        same([each["Key"] for page in listing for each in page["Contents"]], KEYS)
        folders = pager.paginate(Bucket=BUCKET, Delimiter="/", PaginationConfig={"PageSize": size})
        same(list(folders.search("CommonPrefixes[].Prefix")), ["a/", "b &+é/", "c/"])
        inside = pager.paginate(Bucket=BUCKET, Prefix="b &+é/", PaginationConfig={"PageSize": size})
        same([key for key in inside.search("Contents[].Key")], KEYS[5:10])
cut = s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, PaginationConfig={"PageSize": 4, "MaxItems": 6})
same([each["Key"] for each in cut.build_full_result()["Contents"]], KEYS[:6])
after = s3.get_paginator("list_objects_v2").paginate(
    Bucket=BUCKET, PaginationConfig={"PageSize": 4, "StartingToken": cut.resume_token}
)
same([key for key in after.search("Contents[].Key")], KEYS[6:])

# Transfers in parts, each way, and copies in parts.
parts = TransferConfig(multipart_threshold=5 * MIB, multipart_chunksize=5 * MIB, max_concurrency=4)
source, target = os.path.join(FOLDER, "source.bin"), os.path.join(FOLDER, "target.bin")
content = os.urandom(13 * MIB)
with open(source, "wb") as file:
    file.write(content)
seen = []
s3.upload_file(source, BUCKET, "large", ExtraArgs={"Metadata": {"made": "here"}}, Callback=seen.append, Config=parts)
same(sum(seen), len(content))
head = s3.head_object(Bucket=BUCKET, Key="large")
same((head["ContentLength"], head["Metadata"], head["ETag"][-3:]), (len(content), {"made": "here"}, '-3"'))
s3.download_file(BUCKET, "large", target, Config=parts)
with open(target, "rb") as file:
    same(hashlib.sha256(file.read()).hexdigest(), hashlib.sha256(content).hexdigest())
s3.copy({"Bucket": BUCKET, "Key": "large"}, BUCKET, "copied", Config=parts)
same(s3.get_object(Bucket=BUCKET, Key="copied")["Body"].read() == content, True)

# Uploads that nobody ended, and their parts.
uploads = [s3.create_multipart_upload(Bucket=BUCKET, Key=f"open/{index}")["UploadId"] for index in range(5)]
for number in range(1, 6):
    s3.upload_part(Bucket=BUCKET, Key="open/0", UploadId=uploads[0], PartNumber=number, Body=b"part")
for size in (1, 2, 5, 1000):
    listing = s3.get_paginator("list_multipart_uploads").paginate(Bucket=BUCKET, PaginationConfig={"PageSize": size})
    same([each["UploadId"] for page in listing for each in page.get("Uploads", [])], uploads)
    listing = s3.get_paginator("list_parts").paginate(
        Bucket=BUCKET, Key="open/0", UploadId=uploads[0], PaginationConfig={"PageSize": size}
    )
    same([each["PartNumber"] for page in listing for each in page.get("Parts", [])], [1, 2, 3, 4, 5])
for index, upload in enumerate(uploads):
    s3.abort_multipart_upload(Bucket=BUCKET, Key=f"open/{index}", UploadId=upload)

bucket = boto3.resource("s3", endpoint_url=ENDPOINT, config=Config(s3={"addressing_style": "path"})).Bucket(BUCKET)
same(len(list(bucket.objects.page_size(4))), len(KEYS) + 2)
bucket.objects.all().delete()
later(bucket.delete)
s3.get_waiter("bucket_not_exists").wait(Bucket=BUCKET, WaiterConfig=soon)
print("ok")
