"""lxml: trees built, serialised, parsed, searched by XPath, transformed by XSLT."""

import hashlib
import sys

from lxml import etree, html

STYLE = """<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
<xsl:template match="/"><out><xsl:apply-templates select="//item[@n mod 3 = 0]"/></out></xsl:template>
<xsl:template match="item"><i id="{@n}"><xsl:value-of select="name"/></i></xsl:template></xsl:stylesheet>"""


def build(count):
    root = etree.Element("items", nsmap={"x": "urn:x"})
    for n in range(count):
        item = etree.SubElement(root, "item", n=str(n))
        etree.SubElement(item, "name").text = "name %d" % n
        etree.SubElement(item, "{urn:x}size", unit="mm").text = str(n * n)
        item.tail = "\n"
    return root


def main(scale):
    digest = hashlib.sha256()
    transform = etree.XSLT(etree.fromstring(STYLE))
    for round_number in range(6):
        text = etree.tostring(build(int(9000 * scale) + round_number), pretty_print=True)
        root = etree.fromstring(text)
        names = root.xpath("//item[@n mod 2 = 0]/name/text()")
        sizes = [int(size.text) for size in root.iter("{urn:x}size")]
        nodes = [(node.tag, dict(node.attrib), len(node)) for node in root.iter()]
        result = bytes(transform(root))
        page = html.fromstring("<div>" + "<p class=a>text<br>more" * 400 + "</div>")
        found = page.xpath("//p/text()")
        digest.update(text + result)
        print(len(names), sum(sizes), len(nodes), len(result), len(found))
    print(digest.hexdigest())


main(float(sys.argv[1]))
