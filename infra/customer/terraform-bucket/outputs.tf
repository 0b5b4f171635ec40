output "role_arn" {
  description = "Give this to the platform as log_distribution_role_arn."
  value       = aws_iam_role.this.arn
}

output "bucket_name" {
  description = "Give this to the platform as bucket_name."
  value       = var.bucket_name
}

output "bucket_prefix" {
  description = "The platform's bucket_prefix must begin with this."
  value       = var.bucket_prefix
}
