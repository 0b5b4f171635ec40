variable "tenant_id" {
  description = "Your tenant id, as the platform knows you."
  type        = string
  nullable    = false
  validation {
    condition     = can(regex("^[a-zA-Z0-9][a-zA-Z0-9_-]{0,45}$", var.tenant_id))
    error_message = "1 to 46 letters, digits, hyphens and underscores, as it becomes part of the role's name."
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

variable "bucket_name" {
  description = "The bucket that receives your logs."
  type        = string
  nullable    = false
  validation {
    condition = (
      length(var.bucket_name) >= 3 && length(var.bucket_name) <= 63
      && can(regex("^[a-z0-9](\\.?[a-z0-9-])*\\.?[a-z0-9]$", var.bucket_name))
    )
    error_message = "The name of an S3 bucket."
  }
}

variable "bucket_prefix" {
  description = "Keys that begin with this can be written, no others. Empty means all keys of the bucket."
  type        = string
  default     = ""
  nullable    = false
  validation {
    condition     = can(regex("^([a-zA-Z0-9_.=-][a-zA-Z0-9_.=/-]{0,255})?$", var.bucket_prefix))
    error_message = "At most 256 characters of a-zA-Z0-9_.=/- that do not begin with a slash."
  }
}

variable "kms_key_arn" {
  description = "Key that encrypts the bucket's objects. The role may then use it through S3. Its policy must let this account's roles use it. Empty means S3's own key."
  type        = string
  default     = ""
  nullable    = false
  validation {
    condition     = can(regex("^(arn:aws[a-z-]*:kms:[a-z0-9-]+:\\d{12}:key/.+)?$", var.kms_key_arn))
    error_message = "The ARN of a KMS key, not of an alias."
  }
}

variable "bucket_owner_full_control" {
  description = "Whether the role may hand objects to the bucket's owner by ACL, for a bucket of another account in which ACLs still count."
  type        = bool
  default     = false
  nullable    = false
}

variable "create_bucket" {
  description = "Whether to create the bucket, private, encrypted and with a lifecycle. It stays when the module is removed."
  type        = bool
  default     = false
  nullable    = false
}

variable "retention_days" {
  description = "How many days a bucket that is created now keeps objects. 0 means for ever."
  type        = number
  default     = 365
  nullable    = false
  validation {
    condition     = can(regex("^(0|[1-9]\\d{0,4})$", tostring(var.retention_days)))
    error_message = "0 to 99999 days."
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
