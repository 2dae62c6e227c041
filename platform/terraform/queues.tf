locals {
  # As contracts/routing.py has them; a test compares.
  queues = toset([
    "analytics",
    "callback",
    "dataset-conversations",
    "dataset-customers",
    "distribution",
    "nlp",
    "orchestration",
    "unrouted",
  ])
}

resource "aws_sqs_queue" "dead" {
  for_each = local.queues

  name                      = "${each.key}-dead"
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = true
}

resource "aws_sqs_queue" "this" {
  for_each = local.queues

  name                       = each.key
  visibility_timeout_seconds = var.visibility_s
  receive_wait_time_seconds  = 10
  # A run's deadline is far shorter: what is older helps nobody, and the sweep takes its run over.
  message_retention_seconds = 86400
  sqs_managed_sse_enabled   = true

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead[each.key].arn
    maxReceiveCount     = var.max_receive_count
  })
}

resource "aws_sqs_queue_redrive_allow_policy" "dead" {
  # moto does not keep this attribute, and the provider would wait for it.
  for_each = var.endpoint == "" ? local.queues : toset([])

  queue_url = aws_sqs_queue.dead[each.key].url
  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = [aws_sqs_queue.this[each.key].arn]
  })
}
