#!/bin/sh
# LocalStack runs what lies in ready.d once it is up.
awslocal s3api create-bucket --bucket central-logs
