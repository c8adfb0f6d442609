"""Django answers requests: templates with inheritance, the ORM on SQLite in memory, JSON in and out."""

import hashlib
import json
import sys

import django
from django.conf import settings

BASE = "<html><title>{% block title %}{% endblock %}</title>{% block body %}{% endblock %}</html>"
PAGE = """{% extends "base" %}{% load humanize %}{% block title %}{{ shop.name|title }}{% endblock %}
{% block body %}{% for item in items %}<li class="{% cycle 'odd' 'even' %}">
{{ forloop.counter }}. {{ item.name|upper }} <b>{{ item.price|floatformat:2 }}</b>
{% if item.stock > 50 %}{{ item.stock|intcomma }}{% else %}few{% endif %} {{ item.note|truncatewords:4 }}</li>
{% empty %}nothing{% endfor %}{% endblock %}"""

settings.configure(
    SECRET_KEY="only for this run",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    USE_TZ=True,
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "django.contrib.sessions", "django.contrib.humanize"],
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.gzip.GZipMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
    ],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "APP_DIRS": False,
            "OPTIONS": {"loaders": [("django.template.loaders.locmem.Loader", {"base": BASE, "page": PAGE})]},
        }
    ],
)
django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection, models  # noqa: E402
from django.http import HttpResponse, JsonResponse  # noqa: E402
from django.shortcuts import get_object_or_404, render  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import setup_test_environment  # noqa: E402
from django.urls import path  # noqa: E402
from django.views.decorators.csrf import csrf_exempt  # noqa: E402


class Shop(models.Model):
    name = models.CharField(max_length=40)

    class Meta:
        app_label = "long"


class Item(models.Model):
    shop = models.ForeignKey(Shop, on_delete=models.CASCADE)
    name = models.CharField(max_length=40)
    note = models.TextField(default="")
    price = models.DecimalField(max_digits=8, decimal_places=2)
    stock = models.IntegerField(default=0)

    class Meta:
        app_label = "long"


def page(request, shop_id):
    shop = get_object_or_404(Shop, pk=shop_id)
    items = Item.objects.select_related("shop").filter(shop=shop, stock__gte=10).order_by("-price", "name")[:25]
    return render(request, "page", {"shop": shop, "items": items})


def summary(request):
    shops = Item.objects.values("shop__name").annotate(count=models.Count("id"), total=models.Sum("stock")).order_by("shop__name")
    request.session["seen"] = request.session.get("seen", 0) + 1
    return JsonResponse({"shops": list(shops)})


@csrf_exempt
def order(request):
    wanted = json.loads(request.body)
    changed = Item.objects.filter(pk__in=wanted["items"]).update(stock=models.F("stock") + wanted["more"])
    return JsonResponse({"changed": changed, "user": str(request.user)}, status=201)


def missing(request):
    return HttpResponse(status=410, reason="gone")


urlpatterns = [path("shop/<int:shop_id>/", page), path("summary", summary), path("order", order), path("old", missing)]


def main(requests):
    setup_test_environment()
    call_command("migrate", run_syncdb=True, verbosity=0)
    with connection.schema_editor() as editor:
        editor.create_model(Shop)
        editor.create_model(Item)
    shops = [Shop.objects.create(name="shop number %d" % n) for n in range(8)]
    Item.objects.bulk_create(
        Item(shop=shops[n % 8], name="item %d" % n, note="word " * (n % 9), price="%d.%02d" % (n % 90, n % 100), stock=n % 97)
        for n in range(1200)
    )
    client = Client()
    digest = hashlib.sha256()
    statuses = {}
    for n in range(requests):
        kind = n % 4
        if kind == 0:
            response = client.get("/shop/%d/" % (n % 9 + 1), HTTP_ACCEPT_ENCODING="gzip" if n % 8 == 4 else "")
        elif kind == 1:
            response = client.get("/summary")
        elif kind == 2:
            body = json.dumps({"items": [n % 1200 + k for k in range(20)], "more": n % 5})
            response = client.post("/order", body, content_type="application/json")
        else:
            response = client.get("/old", {"n": n})
        statuses[response.status_code] = statuses.get(response.status_code, 0) + 1
        # Compressed bodies carry random padding.
        digest.update(b"" if response.has_header("Content-Encoding") else response.content)
    print(sorted(statuses.items()), digest.hexdigest())


main(int(2400 * float(sys.argv[1])))
