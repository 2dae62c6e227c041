variable "region" {
  type    = string
  default = "eu-central-1"
}

variable "endpoint" {
  description = "Address of a moto server; empty for AWS."
  type        = string
  default     = ""
}

variable "bucket" {
  description = "Name of the artifact bucket: unique in the world."
  type        = string
  default     = "millrace-artifacts"
}

variable "table" {
  type    = string
  default = "millrace-runs"
}

variable "account_table" {
  type    = string
  default = "millrace-accounts"
}

variable "other_master_keys" {
  description = "ARNs of master keys beside ours that the services may use, while one takes another's place."
  type        = list(string)
  default     = []
}

variable "recovery_days" {
  description = "Days for which the account table can be restored: a shredded tenant's sealed keys are in it for as long."
  type        = number
  default     = 35

  validation {
    condition     = var.recovery_days >= 1 && var.recovery_days <= 35
    error_message = "DynamoDB recovers 1 to 35 days."
  }
}

variable "visibility_s" {
  description = "Seconds until a message whose lease is not renewed is delivered again; MILLRACE_VISIBILITY_S of the workers."
  type        = number
  default     = 6
}

variable "max_receive_count" {
  description = "Deliveries before SQS moves a message to the dead letters. A part that kills its workers is quarantined before."
  type        = number
  default     = 5

  validation {
    condition     = var.max_receive_count >= 4 && var.max_receive_count <= 10
    error_message = "Between 4 and 10: a part may be begun three times."
  }
}

variable "retention_days" {
  description = "Days until artifacts are deleted; MILLRACE_RETENTION_DAYS of the services."
  type        = number
  default     = 30
}

variable "cluster" {
  description = "EKS cluster whose pods take the roles; empty for none."
  type        = string
  default     = ""
}

variable "namespace" {
  type    = string
  default = "millrace"
}
