"""Composition root of the callback service."""

from millrace.callback.adapters import HttpSender, SignedLinks
from millrace.callback.delivery import Delivery
from millrace.callback.measuring import begin_counting
from millrace.callback.post import Post
from millrace.callback.settings import CallbackSettings
from millrace.callback.tasks import Ports, register
from millrace.contracts.services import WorkerClass
from millrace.storage.endpoints import Endpoints
from millrace.storage.links import ReportLinks
from millrace.storage.settings import LinkSettings
from millrace.worker.process import WarmUp
from millrace.worker.service import build_service

service = build_service("callback", WorkerClass.DISTRIBUTION)
app, stores = service.app, service.stores
settings = CallbackSettings()
endpoints = Endpoints(items=stores.items, envelope=stores.artifacts.envelope)
post = Post(endpoints=endpoints, sender=HttpSender(allowed=settings.allowed))
link = SignedLinks(api_url=settings.api_url, tokens=ReportLinks(LinkSettings().secrets))  # type: ignore[call-arg]
delivery = Delivery(store=stores.runs, artifacts=stores.artifacts, endpoints=endpoints, post=post, link=link)
register(app, Ports(delivery=delivery))
service.prepare(WarmUp(preload=begin_counting, per_process=lambda: stores.warm_up("dynamodb", "s3", "kms")))
