/**
 * Yield the server-sent events of a body, as an array per chunk. An event has a name, data, and an `id` or null.
 *
 * Unlike those of EventSource and of libraries, events without data count: the first event of a stream has an `id` only,
 * which says where to resume if the connection is lost before the next one.
 */
export async function* eventsOf(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const blocks = (rest + value).split(/\r?\n\r?\n/);
      rest = blocks.pop();
      yield blocks.map(eventOf);
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

function eventOf(block) {
  const lines = block.split(/\r?\n/).map((line) => /^([^:]*):? ?(.*)$/.exec(line).slice(1));
  const valuesOf = (name) => lines.filter(([field]) => field === name).map(([, value]) => value);
  return {
    name: valuesOf("event").at(-1) ?? "message",
    id: valuesOf("id").at(-1) ?? null,
    data: valuesOf("data").join("\n"),
  };
}
