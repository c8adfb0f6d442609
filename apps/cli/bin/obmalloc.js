#!/usr/bin/env node
// Committed, unlike dist, so that the link in node_modules/.bin exists before the first build.
import "../dist/index.js";
