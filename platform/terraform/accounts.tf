# Tenants, their sealed keys, API keys, endpoints, deliveries and uploads: items by owner and name.
resource "aws_dynamodb_table" "accounts" {
  name         = var.account_table
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "pk"
  range_key    = "sk"

  attribute {
    name = "pk"
    type = "S"
  }
  attribute {
    name = "sk"
    type = "S"
  }

  ttl {
    attribute_name = "expires_at"
    enabled        = true
  }

  # Until a backup is past, it holds the sealed keys of a tenant that was shredded.
  point_in_time_recovery {
    enabled                 = true
    recovery_period_in_days = var.recovery_days
  }

  # AWS's own key: what is secret or personal is sealed by the services before it comes here.
  server_side_encryption {
    enabled = true
  }

  deletion_protection_enabled = var.endpoint == ""
}
