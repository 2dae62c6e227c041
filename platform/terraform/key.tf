# The master key: it seals the keys of tenants, under which the services seal everything else, and the bucket.
resource "aws_kms_key" "artifacts" {
  description             = "millrace"
  enable_key_rotation     = true
  deletion_window_in_days = 30
}

resource "aws_kms_alias" "artifacts" {
  name          = "alias/millrace"
  target_key_id = aws_kms_key.artifacts.key_id
}
