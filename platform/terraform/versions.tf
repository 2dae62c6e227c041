terraform {
  required_version = ">= 1.9"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }
}

provider "aws" {
  region = var.region

  # All of this is for a moto server; with an empty endpoint the provider speaks to AWS.
  access_key                  = var.endpoint == "" ? null : "local"
  secret_key                  = var.endpoint == "" ? null : "local"
  s3_use_path_style           = var.endpoint != ""
  skip_credentials_validation = var.endpoint != ""
  skip_metadata_api_check     = var.endpoint != ""
  skip_requesting_account_id  = var.endpoint != ""

  dynamic "endpoints" {
    for_each = var.endpoint == "" ? [] : [var.endpoint]
    content {
      dynamodb = endpoints.value
      iam      = endpoints.value
      kms      = endpoints.value
      s3       = endpoints.value
      sqs      = endpoints.value
      sts      = endpoints.value
    }
  }

  default_tags {
    tags = { project = "millrace" }
  }
}
