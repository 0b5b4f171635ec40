# Alarm and dashboard of how far the logs are. Their metrics come from the events in the stream log-distributor/progress, in the
# region of their log group.

data "aws_region" "current" {}

locals {
  dimensions = ["TenantId", var.tenant_id, "Delivery", var.progress_delivery]
  widgets = [
    { title = "Seconds behind", stat = "Maximum", period = 60, x = 0, y = 0, width = 24, names = ["DeliveredUpToAge"] },
    { title = "Events delivered", stat = "Sum", period = 300, x = 0, y = 6, width = 12, names = ["EventsDelivered"] },
    {
      title  = "Records not delivered"
      stat   = "Sum"
      period = 300
      x      = 12
      y      = 6
      width  = 12
      names  = ["EventsRejected", "EventsQuarantined"]
    },
  ]
}

resource "aws_cloudwatch_metric_alarm" "behind" {
  count             = var.behind_alarm_seconds == 0 ? 0 : 1
  alarm_name        = "log-distribution-${var.tenant_id}-behind"
  alarm_description = "The platform delivers this tenant's logs late, or says nothing: it may not run, or may not be able to assume the role or to write the log group of its progress events."
  namespace         = "LogDistributor"
  metric_name       = "DeliveredUpToAge"
  dimensions        = { TenantId = var.tenant_id, Delivery = var.progress_delivery }
  # Each process of the platform says how far it is; the one that is furthest behind counts.
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 5
  threshold           = var.behind_alarm_seconds
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "breaching"
  alarm_actions       = var.alarm_topic_arn == "" ? [] : [var.alarm_topic_arn]
  ok_actions          = var.alarm_topic_arn == "" ? [] : [var.alarm_topic_arn]
}

resource "aws_cloudwatch_dashboard" "progress" {
  count          = var.progress_dashboard ? 1 : 0
  dashboard_name = "log-distribution-${var.tenant_id}"
  dashboard_body = jsonencode({
    widgets = [for widget in local.widgets : {
      type   = "metric"
      x      = widget.x
      y      = widget.y
      width  = widget.width
      height = 6
      properties = {
        title   = widget.title
        region  = data.aws_region.current.name
        stat    = widget.stat
        period  = widget.period
        metrics = [for name in widget.names : concat(["LogDistributor", name], local.dimensions)]
      }
    }]
  })
}
