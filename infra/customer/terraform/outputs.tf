output "role_arn" {
  description = "Give this to the platform as log_distribution_role_arn."
  value       = aws_iam_role.this.arn
}

output "log_group_prefix" {
  description = "The platform's log_group_name must begin with this."
  value       = local.prefix
}
