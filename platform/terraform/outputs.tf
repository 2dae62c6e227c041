output "kms_key_arn" {
  description = "MILLRACE_KMS_KEY_ARN"
  value       = aws_kms_key.artifacts.arn
}

output "sqs_queue_url" {
  description = "MILLRACE_SQS_QUEUE_URL: a queue's URL without its name."
  value       = trimsuffix(aws_sqs_queue.this["orchestration"].url, "orchestration")
}
