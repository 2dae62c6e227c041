output "kms_key_arn" {
  description = "MILLRACE_KMS_KEY_ARN"
  value       = aws_kms_key.artifacts.arn
}

output "sqs_queue_url" {
  description = "MILLRACE_SQS_QUEUE_URL: a queue's URL without its name."
  value       = trimsuffix(aws_sqs_queue.this["orchestration"].url, "orchestration")
}

output "policies" {
  description = "What each service may do, for the test that reads it."
  value       = { for name, document in data.aws_iam_policy_document.service : name => jsondecode(document.json) }
}
