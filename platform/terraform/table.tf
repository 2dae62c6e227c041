resource "aws_dynamodb_table" "runs" {
  name         = var.table
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "pk"

  attribute {
    name = "pk"
    type = "S"
  }
  attribute {
    name = "tenant"
    type = "S"
  }
  attribute {
    name = "run_id"
    type = "S"
  }
  attribute {
    name = "due_shard"
    type = "S"
  }
  attribute {
    name = "due_at"
    type = "N"
  }

  global_secondary_index {
    name            = "by_tenant"
    hash_key        = "tenant"
    range_key       = "run_id"
    projection_type = "KEYS_ONLY"
  }

  # Sparse: a run is in it only while something is left to do.
  global_secondary_index {
    name               = "by_due"
    hash_key           = "due_shard"
    range_key          = "due_at"
    projection_type    = "INCLUDE"
    non_key_attributes = ["tenant", "run_id"]
  }

  ttl {
    attribute_name = "expires_at"
    enabled        = true
  }

  point_in_time_recovery {
    enabled = true
  }

  # AWS's own key: records are sealed by the services; beside them are ids, states and times.
  server_side_encryption {
    enabled = true
  }

  deletion_protection_enabled = var.endpoint == ""
}
