# One role per service, with what its code calls and no more. No statement names `*` as an action or as a resource.
locals {
  parts = ["analytics", "dataset-conversations", "dataset-customers", "nlp"]

  # Queues that a service consumes, and queues that it publishes to. Its own queue is among the latter, for retries;
  # the worker that finishes a stage's last part publishes the stage's join.
  services = merge(
    { for name in local.parts : name => {
      consumes  = [name]
      publishes = [name, "orchestration", "unrouted"]
      table     = []
      indexes   = []
      accounts  = []
      owners    = []
      objects   = ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
      # The tenant has keys by then: whoever accepted the run made them. The bucket asks for a key to encrypt by itself.
      key = ["kms:Decrypt", "kms:GenerateDataKey"]
    } },
    {
      ingestion = {
        consumes  = []
        publishes = ["orchestration", "unrouted"]
        table     = ["dynamodb:GetItem", "dynamodb:PutItem"]
        indexes   = ["by_tenant"]
        accounts = [
          "dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query",
        ]
        owners  = ["tenant#*", "tenants", "endpoints#*", "deliveries#*", "key#*"]
        objects = ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
        key     = ["kms:Decrypt", "kms:GenerateDataKey"]
      }
      orchestrator = {
        consumes  = ["orchestration", "distribution"]
        publishes = concat(local.parts, ["callback", "distribution", "orchestration", "unrouted"])
        # It deletes what was accepted while its tenant was shredded: nobody can read that.
        table = [
          "dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem",
        ]
        indexes  = ["by_due"]
        accounts = []
        owners   = []
        # It looks whether artifacts are there and deletes those without an owner; it reads none.
        objects = ["s3:DeleteObject"]
        key     = ["kms:Decrypt"]
      }
      callback = {
        consumes  = ["callback"]
        publishes = ["callback", "orchestration", "unrouted"]
        table     = ["dynamodb:GetItem", "dynamodb:PutItem"]
        indexes   = []
        accounts  = ["dynamodb:GetItem", "dynamodb:PutItem"]
        owners    = ["endpoints#*", "deliveries#*"]
        objects   = ["s3:GetObject"]
        key       = ["kms:Decrypt"]
      }
    },
  )
}

data "aws_iam_policy_document" "pods" {
  statement {
    actions = ["sts:AssumeRole", "sts:TagSession"]
    principals {
      type        = "Service"
      identifiers = ["pods.eks.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "service" {
  for_each = local.services

  statement {
    sid     = "Publish"
    actions = ["sqs:GetQueueAttributes", "sqs:SendMessage"]
    resources = concat(
      [for name in each.value.publishes : aws_sqs_queue.this[name].arn],
      length(each.value.consumes) > 0 ? [aws_sqs_queue.dead_letters.arn] : [],
    )
  }

  # How long a run would wait in each queue: the API refuses what could not end in time.
  dynamic "statement" {
    for_each = each.key == "ingestion" ? [1] : []
    content {
      sid       = "Waits"
      actions   = ["sqs:GetQueueAttributes"]
      resources = [for queue in aws_sqs_queue.this : queue.arn]
    }
  }

  dynamic "statement" {
    for_each = length(each.value.consumes) > 0 ? [1] : []
    content {
      sid = "Consume"
      actions = [
        "sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage",
      ]
      resources = [for name in each.value.consumes : aws_sqs_queue.this[name].arn]
    }
  }

  dynamic "statement" {
    for_each = length(each.value.table) > 0 ? [1] : []
    content {
      sid       = "Records"
      actions   = each.value.table
      resources = [aws_dynamodb_table.runs.arn]
    }
  }

  dynamic "statement" {
    for_each = length(each.value.indexes) > 0 ? [1] : []
    content {
      sid       = "Indexes"
      actions   = ["dynamodb:Query"]
      resources = [for name in each.value.indexes : "${aws_dynamodb_table.runs.arn}/index/${name}"]
    }
  }

  # Every service reads tenants' keys.
  statement {
    sid       = "Keys"
    actions   = ["dynamodb:GetItem"]
    resources = [aws_dynamodb_table.accounts.arn]
    condition {
      test     = "ForAllValues:StringLike"
      variable = "dynamodb:LeadingKeys"
      values   = ["tenant#*"]
    }
  }

  dynamic "statement" {
    for_each = length(each.value.accounts) > 0 ? [1] : []
    content {
      sid       = "Accounts"
      actions   = each.value.accounts
      resources = [aws_dynamodb_table.accounts.arn]
      condition {
        test     = "ForAllValues:StringLike"
        variable = "dynamodb:LeadingKeys"
        values   = each.value.owners
      }
    }
  }

  dynamic "statement" {
    for_each = length(each.value.objects) > 0 ? [1] : []
    content {
      sid       = "Objects"
      actions   = each.value.objects
      resources = ["${aws_s3_bucket.artifacts.arn}/*"]
    }
  }

  # Large files in parts, and what nobody made a run of. The bucket keeps versions: a raw file is deleted with its own.
  dynamic "statement" {
    for_each = contains(["ingestion", "orchestrator"], each.key) ? [1] : []
    content {
      sid = "Uploads"
      actions = [
        "s3:AbortMultipartUpload", "s3:DeleteObject", "s3:DeleteObjectVersion", "s3:ListMultipartUploadParts",
      ]
      resources = ["${aws_s3_bucket.artifacts.arn}/_uploads/*"]
    }
  }

  dynamic "statement" {
    for_each = contains(["ingestion", "orchestrator"], each.key) ? [1] : []
    content {
      sid       = "UploadsAndTheirVersions"
      actions   = ["s3:ListBucketMultipartUploads", "s3:ListBucketVersions"]
      resources = [aws_s3_bucket.artifacts.arn]
    }
  }

  # Without it, a key that is not there answers 403 and not 404, and a lost artifact would look like a broken store.
  dynamic "statement" {
    for_each = length(each.value.objects) > 0 ? [1] : []
    content {
      sid       = "MissingIsNotForbidden"
      actions   = ["s3:ListBucket"]
      resources = [aws_s3_bucket.artifacts.arn]
    }
  }

  dynamic "statement" {
    for_each = length(each.value.key) > 0 ? [1] : []
    content {
      sid       = "Envelope"
      actions   = each.value.key
      resources = concat([aws_kms_key.artifacts.arn], var.other_master_keys)
    }
  }
}

resource "aws_iam_role" "service" {
  for_each = local.services

  name               = "millrace-${each.key}"
  assume_role_policy = data.aws_iam_policy_document.pods.json
}

resource "aws_iam_role_policy" "service" {
  for_each = local.services

  name   = "millrace-${each.key}"
  role   = aws_iam_role.service[each.key].id
  policy = data.aws_iam_policy_document.service[each.key].json
}

resource "aws_eks_pod_identity_association" "service" {
  for_each = var.cluster == "" ? {} : local.services

  cluster_name    = var.cluster
  namespace       = var.namespace
  service_account = each.key
  role_arn        = aws_iam_role.service[each.key].arn
}

# KEDA's operator: how long the queues are, and how old their oldest message is. CloudWatch knows no resources.
data "aws_iam_policy_document" "keda" {
  statement {
    sid       = "Length"
    actions   = ["sqs:GetQueueAttributes"]
    resources = [for queue in aws_sqs_queue.this : queue.arn]
  }
  statement {
    sid       = "Age"
    actions   = ["cloudwatch:GetMetricData"]
    resources = ["*"]
  }
}

resource "aws_iam_role" "keda" {
  name               = "millrace-keda"
  assume_role_policy = data.aws_iam_policy_document.pods.json
}

resource "aws_iam_role_policy" "keda" {
  name   = "millrace-keda"
  role   = aws_iam_role.keda.id
  policy = data.aws_iam_policy_document.keda.json
}

resource "aws_eks_pod_identity_association" "keda" {
  count = var.cluster == "" ? 0 : 1

  cluster_name    = var.cluster
  namespace       = "keda"
  service_account = "keda-operator"
  role_arn        = aws_iam_role.keda.arn
}
