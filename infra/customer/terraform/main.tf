# The same as customer-account.yaml, for Terraform: one role that only the platform's distributor can assume, only for
# this tenant, and only to write below one log group prefix.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}

locals {
  prefix        = coalesce(var.log_group_prefix, "/tenant-logs/${var.tenant_id}")
  log_group_arn = "arn:${data.aws_partition.current.partition}:logs:*:${data.aws_caller_identity.current.account_id}:log-group:${local.prefix}"
}

resource "aws_iam_role" "this" {
  name        = "LogDistribution-${var.tenant_id}"
  path        = var.role_path
  description = "Assumed by the platform's log distributor to write this tenant's logs."
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
    sid = "WriteOwnGroups"
    actions = concat(
      [
        "logs:CreateLogGroup",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "logs:PutRetentionPolicy",
      ],
      var.tag_log_groups ? ["logs:TagResource"] : [],
      var.exactly_once ? ["logs:GetLogEvents"] : [],
    )
    # With ":*" and "/*" and not with a bare "*": /tenant-logs/acme* would be /tenant-logs/acme-other too.
    # CreateLogGroup names the group alone, the others what is in it.
    resources = [local.log_group_arn, "${local.log_group_arn}:*", "${local.log_group_arn}/*"]
  }

  dynamic "statement" {
    for_each = var.receipts_bucket == "" ? [] : [var.receipts_bucket]
    content {
      sid       = "WriteReceipts"
      actions   = ["s3:PutObject"]
      resources = ["arn:${data.aws_partition.current.partition}:s3:::${statement.value}/${var.receipts_prefix}${var.tenant_id}/*"]
    }
  }
}

resource "aws_cloudwatch_log_group" "this" {
  for_each          = var.log_groups
  name              = "${local.prefix}/${each.value}"
  retention_in_days = var.retention_days
  kms_key_id        = var.kms_key_arn == "" ? null : var.kms_key_arn
  # Where there is only the standard class, AWS refuses even its name.
  log_group_class = var.log_group_class == "STANDARD" ? null : var.log_group_class
  # The events stay when the module is removed.
  skip_destroy = true
}
