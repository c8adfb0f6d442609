"""asyncio: a server and many clients on the loopback interface, queues, timers, tasks that are cancelled."""

import asyncio
import hashlib
import sys


async def handle(reader, writer):
    while True:
        line = await reader.readline()
        if not line:
            break
        writer.write(hashlib.md5(line).hexdigest().encode() + b" " + line)
        await writer.drain()
    writer.close()


async def client(port, number, count, queue):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answers = 0
    for n in range(count):
        writer.write(("%d %d %s\n" % (number, n, "x" * (n % 300))).encode())
        await writer.drain()
        answers += len(await reader.readline())
        await queue.put(answers)
    writer.close()
    return answers


async def consume(queue):
    seen = 0
    while True:
        await queue.get()
        seen += 1
        queue.task_done()
        if seen % 50 == 0:
            await asyncio.sleep(0)


async def never():
    try:
        await asyncio.sleep(3600)
    finally:
        await asyncio.sleep(0)


async def main(scale):
    queue = asyncio.Queue(100)
    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    consumers = [asyncio.ensure_future(consume(queue)) for _ in range(4)]
    sleepers = [asyncio.ensure_future(never()) for _ in range(2000)]
    answers = await asyncio.gather(*(client(port, n, int(300 * scale), queue) for n in range(40)))
    await queue.join()
    for task in consumers + sleepers:
        task.cancel()
    ended = await asyncio.gather(*consumers, *sleepers, return_exceptions=True)
    server.close()
    await asyncio.sleep(0.1)
    print(sum(answers), len(ended))


asyncio.run(main(float(sys.argv[1])))
