variable "tenant_id" {
  description = "Your tenant id, as the platform knows you."
  type        = string
  validation {
    condition     = can(regex("^[a-zA-Z0-9][a-zA-Z0-9_-]{0,47}$", var.tenant_id))
    error_message = "1 to 48 letters, digits, hyphens and underscores, as it becomes part of the role's name."
  }
}

variable "external_id" {
  description = "The secret between you and the platform; nobody assumes the role without it."
  type        = string
  sensitive   = true
  validation {
    condition     = length(var.external_id) >= 16 && can(regex("^[\\w+=,.@:/-]+$", var.external_id))
    error_message = "At least 16 characters of a-zA-Z0-9_+=,.@:/-"
  }
}

variable "distributor_role_arn" {
  description = "The role that the platform's distributor runs with."
  type        = string
  validation {
    condition     = can(regex("^arn:aws[a-z-]*:iam::\\d{12}:role/.+$", var.distributor_role_arn))
    error_message = "The ARN of an IAM role."
  }
}

variable "log_group_prefix" {
  description = "Log groups below this name can be written, no others. Null means /tenant-logs/<tenant_id>."
  type        = string
  default     = null
  validation {
    condition     = var.log_group_prefix == null || can(regex("^/[a-zA-Z0-9_.#/-]*[a-zA-Z0-9_.#-]$", var.log_group_prefix))
    error_message = "It begins with a slash and does not end with one."
  }
}

variable "log_groups" {
  description = "Names below the prefix whose log groups are made now; the distributor makes the others with their first event."
  type        = set(string)
  default     = []
}

variable "retention_days" {
  description = "How long the log groups that are made now keep events."
  type        = number
  default     = 30
}

variable "kms_key_arn" {
  description = "Key for the log groups that are made now; its policy must let CloudWatch Logs use it. Null means AWS's own."
  type        = string
  default     = null
}

variable "role_path" {
  description = "IAM path of the role."
  type        = string
  default     = "/"
}
