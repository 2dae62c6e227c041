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

# One for all: workers put here what they cannot use, and SQS what nobody acknowledges. `millrace dead-letters` reads it.
resource "aws_sqs_queue" "dead_letters" {
  name                      = "dead-letters"
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
    deadLetterTargetArn = aws_sqs_queue.dead_letters.arn
    maxReceiveCount     = var.max_receive_count
  })
}

resource "aws_sqs_queue_redrive_allow_policy" "dead_letters" {
  # moto does not keep this attribute, and the provider would wait for it.
  count = var.endpoint == "" ? 1 : 0

  queue_url = aws_sqs_queue.dead_letters.url
  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = [for queue in aws_sqs_queue.this : queue.arn]
  })
}
