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

variable "visibility_s" {
  description = "Seconds until an unacknowledged message is delivered again; MILLRACE_VISIBILITY_S of the workers."
  type        = number
  default     = 20
}

variable "max_receive_count" {
  description = "Deliveries before a message goes to its dead-letter queue. Above three, SQS hides the message from its age metric."
  type        = number
  default     = 3

  validation {
    condition     = var.max_receive_count >= 1 && var.max_receive_count <= 3
    error_message = "Between 1 and 3."
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
