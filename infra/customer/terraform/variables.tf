variable "tenant_id" {
  description = "Your tenant id, as the platform knows you."
  type        = string
  nullable    = false
  validation {
    condition     = can(regex("^[a-zA-Z0-9][a-zA-Z0-9_-]{0,47}$", var.tenant_id))
    error_message = "1 to 48 letters, digits, hyphens and underscores, as it becomes part of the role's name."
  }
}

variable "external_id" {
  description = "The secret between you and the platform; nobody assumes the role without it."
  type        = string
  nullable    = false
  sensitive   = true
  validation {
    condition = (
      length(var.external_id) >= 16 && length(var.external_id) <= 1224 && can(regex("^[\\w+=,.@:/-]+$", var.external_id))
    )
    error_message = "16 to 1224 characters of a-zA-Z0-9_+=,.@:/-"
  }
}

variable "distributor_role_arn" {
  description = "The role that the platform's distributor runs with."
  type        = string
  nullable    = false
  validation {
    condition     = can(regex("^arn:aws[a-z-]*:iam::\\d{12}:role/.+$", var.distributor_role_arn))
    error_message = "The ARN of an IAM role."
  }
}

variable "log_group_prefix" {
  description = "Log groups below this name can be written, no others. Empty means /tenant-logs/<tenant_id>."
  type        = string
  default     = ""
  nullable    = false
  validation {
    condition     = can(regex("^(/[a-zA-Z0-9_.#/-]*[a-zA-Z0-9_.#-])?$", var.log_group_prefix))
    error_message = "It begins with a slash and does not end with one."
  }
}

variable "log_groups" {
  description = "Names below the prefix whose log groups are created now, with this retention, class and key. The distributor creates other groups with their first event."
  type        = set(string)
  default     = []
  nullable    = false
  validation {
    condition     = alltrue([for name in var.log_groups : can(regex("^[a-zA-Z0-9_.#/-]{1,256}$", name))])
    error_message = "Each is 1 to 256 characters of a-zA-Z0-9_.#/-"
  }
}

variable "retention_days" {
  description = "How many days the log groups that are created now keep events."
  type        = number
  default     = 30
  nullable    = false
  validation {
    condition = contains(
      [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653],
      var.retention_days
    )
    error_message = "A number of days that CloudWatch Logs offers: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653."
  }
}

variable "log_group_class" {
  description = "Class of the log groups that are created now. AWS fixes it when it creates a group. INFREQUENT_ACCESS costs half, and has no live tail, metric filters or subscriptions."
  type        = string
  default     = "STANDARD"
  nullable    = false
  validation {
    condition     = contains(["STANDARD", "INFREQUENT_ACCESS"], var.log_group_class)
    error_message = "STANDARD or INFREQUENT_ACCESS."
  }
}

variable "kms_key_arn" {
  description = "Key for the log groups that are created now; its policy must let CloudWatch Logs use it. Empty means AWS's own."
  type        = string
  default     = ""
  nullable    = false
  validation {
    condition     = can(regex("^(arn:aws[a-z-]*:kms:[a-z0-9-]+:\\d{12}:key/.+)?$", var.kms_key_arn))
    error_message = "The ARN of a KMS key."
  }
}

variable "tag_log_groups" {
  description = "Whether the role may tag log groups below the prefix, for a delivery whose new log groups get tags."
  type        = bool
  default     = false
  nullable    = false
}

variable "exactly_once" {
  description = "Whether the role may read log streams below the prefix, for a delivery that writes every event exactly once. The distributor reads only where it does not know whether a call of its own was executed."
  type        = bool
  default     = false
  nullable    = false
}

variable "receipts_bucket" {
  description = "A bucket of this account that receipts of what was delivered are written to. Empty means none."
  type        = string
  default     = ""
  nullable    = false
  validation {
    condition     = can(regex("^([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])?$", var.receipts_bucket))
    error_message = "The name of an S3 bucket."
  }
}

variable "receipts_prefix" {
  description = "Receipts are written below this prefix of the bucket, in a folder with the name of the tenant."
  type        = string
  default     = ""
  nullable    = false
  validation {
    condition     = can(regex("^([a-zA-Z0-9!_.*'()=-]+/)*$", var.receipts_prefix))
    error_message = "It ends with a slash and does not begin with one."
  }
}

variable "behind_alarm_seconds" {
  description = "Alarm when your logs are further behind than so many seconds for five minutes, or when nothing is heard of it. 0 means no alarm. Needs progress_events."
  type        = number
  default     = 0
  nullable    = false
  validation {
    condition     = contains([0, 300, 600, 900, 1800, 3600, 7200], var.behind_alarm_seconds)
    error_message = "0, 300, 600, 900, 1800, 3600 or 7200."
  }
}

variable "alarm_topic_arn" {
  description = "SNS topic of this region that the alarm notifies. Empty means none."
  type        = string
  default     = ""
  nullable    = false
  validation {
    condition     = can(regex("^(arn:aws[a-z-]*:sns:[a-z0-9-]+:\\d{12}:[\\w-]{1,256})?$", var.alarm_topic_arn))
    error_message = "The ARN of an SNS topic."
  }
}

variable "progress_dashboard" {
  description = "Whether there is a dashboard of how far your logs are. Needs progress_events."
  type        = bool
  default     = false
  nullable    = false
}

variable "progress_delivery" {
  description = "The delivery that alarm and dashboard watch, if the platform gives you several."
  type        = string
  default     = "cloudwatch"
  nullable    = false
  validation {
    condition     = can(regex("^cloudwatch(#[\\w.-]{1,64})?$", var.progress_delivery))
    error_message = "cloudwatch, alone or with #name."
  }
}

variable "role_path" {
  description = "IAM path of the role."
  type        = string
  default     = "/"
  nullable    = false
  validation {
    condition     = can(regex("^/([!-~]{1,510}/)?$", var.role_path))
    error_message = "It begins and ends with a slash."
  }
}

variable "permissions_boundary_arn" {
  description = "Managed policy that bounds the role's permissions. Empty means none."
  type        = string
  default     = ""
  nullable    = false
  validation {
    condition     = can(regex("^(arn:aws[a-z-]*:iam::(\\d{12}|aws):policy/.+)?$", var.permissions_boundary_arn))
    error_message = "The ARN of a managed policy."
  }
}
