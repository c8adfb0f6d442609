"""Flask behind Werkzeug's threaded server, asked by Requests from several threads; Jinja2 and Markdown make the pages."""

import hashlib
import logging
import sys
import threading

import markdown
import requests
from flask import Flask, jsonify, render_template_string, request
from werkzeug.serving import make_server

app = Flask(__name__)
TEXT = "# Title %d\n\nSome *text* with `code` and a [link](http://example.com).\n\n" + "1. one\n2. **two**\n\n" * 12
PAGE = """<ul>{% for n in range(count) %}<li>{{ loop.index }}: {{ names[n % 4]|upper }} {{ n * 3 }}</li>{% endfor %}</ul>
{% macro cell(x) %}<td>{{ x|e }}</td>{% endmacro %}{% for row in rows %}<tr>{{ cell(row.a) }}{{ cell(row.b) }}</tr>{% endfor %}"""


@app.route("/page/<int:count>")
def page(count):
    rows = [{"a": "<%d>" % n, "b": "b" * (n % 10)} for n in range(count)]
    return render_template_string(PAGE, count=count, names=["w", "x", "y", "z"], rows=rows)


@app.route("/text/<int:number>")
def text(number):
    return markdown.markdown(TEXT % number, extensions=["tables", "toc"])


@app.route("/echo", methods=["POST"])
def echo():
    return jsonify(got=request.get_json(), length=len(request.data))


def client(base, count, results, index):
    digest = hashlib.sha256()
    with requests.Session() as session:
        session.trust_env = False  # a proxy has no business on the loopback interface
        for n in range(count):
            digest.update(session.get("%s/page/%d" % (base, n % 60)).content)
            digest.update(session.get("%s/text/%d" % (base, n)).content)
            answer = session.post(base + "/echo", json={"n": n, "list": list(range(n % 50)), "from": index})
            digest.update(repr(sorted(answer.json().items())).encode())
    results[index] = digest.hexdigest()


def main(scale):
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    results = {}
    base = "http://127.0.0.1:%d" % server.server_port
    clients = [threading.Thread(target=client, args=(base, int(130 * scale), results, n)) for n in range(3)]
    for thread in clients:
        thread.start()
    for thread in clients:
        thread.join()
    server.shutdown()
    serving.join()
    server.server_close()
    print(sorted(results.items()))


main(float(sys.argv[1]))
