"""Nothing wrong: modules are imported up to the end, and that is no leak."""
import asyncio
import decimal
import doctest
import email.message
import http.client
import json
import logging.config
import unittest
import urllib.request
import xml.dom.minidom
