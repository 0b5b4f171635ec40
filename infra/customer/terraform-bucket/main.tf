# The same as customer-bucket.yaml, for Terraform: one role that only the platform's distributor can assume, only for
# this tenant, and only to write below one prefix of a bucket. Creates the bucket if asked to.

data "aws_partition" "current" {}

resource "aws_iam_role" "this" {
  name        = "LogDistributionS3-${var.tenant_id}"
  path        = var.role_path
  description = "Assumed by the platform's log distributor to write this tenant's logs to a bucket."
  # Role chaining allows one hour, whatever this value is.
  max_session_duration = 3600
  assume_role_policy   = data.aws_iam_policy_document.trust.json
  permissions_boundary = var.permissions_boundary_arn == "" ? null : var.permissions_boundary_arn
}

data "aws_iam_policy_document" "trust" {
  statement {
    sid     = "DistributorAssumes"
    actions = ["sts:AssumeRole"]
    principals {
      type        = "AWS"
      identifiers = [var.distributor_role_arn]
    }
    condition {
      test     = "StringEquals"
      variable = "sts:ExternalId"
      values   = [var.external_id]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:RequestTag/tenant_id"
      values   = [var.tenant_id]
    }
  }

  statement {
    sid     = "DistributorTagsSession"
    actions = ["sts:TagSession"]
    principals {
      type        = "AWS"
      identifiers = [var.distributor_role_arn]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:RequestTag/tenant_id"
      values   = [var.tenant_id]
    }
    condition {
      test     = "ForAllValues:StringEquals"
      variable = "aws:TagKeys"
      values   = ["tenant_id", "cluster_id", "environment"]
    }
  }
}

resource "aws_iam_role_policy" "write_logs" {
  name   = "WriteLogs"
  role   = aws_iam_role.this.id
  policy = data.aws_iam_policy_document.write_logs.json
}

data "aws_iam_policy_document" "write_logs" {
  statement {
    sid = "WriteOwnBucket"
    # An upload in parts that is broken off must not leave its parts behind.
    actions = concat(
      ["s3:PutObject", "s3:AbortMultipartUpload"],
      var.bucket_owner_full_control ? ["s3:PutObjectAcl"] : [],
    )
    resources = ["arn:${data.aws_partition.current.partition}:s3:::${var.bucket_name}/${var.bucket_prefix}*"]
  }

  dynamic "statement" {
    for_each = var.kms_key_arn == "" ? [] : [var.kms_key_arn]
    content {
      sid = "EncryptObjects"
      # S3 needs Decrypt to put the parts of an upload together.
      actions   = ["kms:GenerateDataKey", "kms:Decrypt"]
      resources = [statement.value]
      condition {
        test     = "StringLike"
        variable = "kms:ViaService"
        values   = ["s3.*.${data.aws_partition.current.dns_suffix}"]
      }
    }
  }
}

# By CloudFormation, whose DeletionPolicy keeps bucket, policy and objects on destroy. Terraform cannot: it would take the
# bucket's policy and settings away, and then fail on a bucket that is not empty.
resource "aws_cloudformation_stack" "bucket" {
  count         = var.create_bucket ? 1 : 0
  name          = "log-distribution-bucket-${replace(var.tenant_id, "_", "-")}"
  template_body = file("${path.module}/bucket.yaml")
  parameters = {
    BucketName    = var.bucket_name
    KmsKeyArn     = var.kms_key_arn
    RetentionDays = tostring(var.retention_days)
  }
}
