#!/usr/bin/env python3
"""A model on loopback that always answers the same: for trials of agents, without an account anywhere.

Speaks the two interfaces that the agents of the trials use: OpenAI's chat completions and Gemini's generateContent.
The last thing that the person wrote decides:

    RUN <command>   calls the agent's shell tool with the command; then says what the tool said
    SLOWLY          says forty words, one after the other
    RECALL          says every number that the person asked it to remember in this conversation
    anything else   says that it was heard

Prints its port on the first line of stdout. Usage: mock_model.py
"""

import json
import re
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SHELL = re.compile(r"shell|bash|terminal|exec", re.IGNORECASE)
SLOW_WORDS = [f"word{number}" for number in range(1, 41)]
SLOW_PAUSE = 0.1


def texts(content):
    """The texts of a message's content, whichever of the forms it has."""
    if content is None:
        return []
    if isinstance(content, str):
        return [content]
    return [part["text"] for part in content if isinstance(part, dict) and isinstance(part.get("text"), str)]


def arguments(schema, command):
    """Arguments for a shell tool: the command where one belongs, something harmless for what else is required."""
    filled = {}
    for name, kind in (schema.get("properties") or {}).items():
        if name in ("command", "cmd", "script"):
            filled[name] = ["sh", "-c", command] if kind.get("type") == "array" else command
        elif name in (schema.get("required") or []):
            blank = {"boolean": False, "integer": 10, "number": 10, "array": [], "object": {}}
            filled[name] = blank.get(kind.get("type"), "a trial")
    return filled


def decide(said, tool_result, tools):
    """What to answer: words, a pause between them, and a tool call or none."""
    if tool_result is not None:
        return ["The", "tool", "said:"] + tool_result.split()[:40], 0, None
    last = said[-1] if said else ""
    wanted = re.search(r"RUN ([^\n]+)", last)
    if wanted:
        for name, schema in tools:
            if SHELL.search(name) and any(key in (schema.get("properties") or {}) for key in ("command", "cmd")):
                return ["I", "run", "it."], 0, (name, arguments(schema, wanted.group(1).strip()))
        return ["NO", "SHELL", "TOOL", "among"] + [name for name, _ in tools], 0, None
    if "SLOWLY" in last:
        return SLOW_WORDS, SLOW_PAUSE, None
    if "RECALL" in last:
        numbers = re.findall(r"remember (\d+)", "\n".join(said))
        return ["You", "told", "me:"] + numbers, 0, None
    return ["I", "heard", "you."], 0, None


class Model(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    calls = 0

    def log_message(self, *_):
        """Nothing: what people write belongs into no log."""

    def do_HEAD(self):
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def do_GET(self):
        model = {"id": "mock", "object": "model", "owned_by": "mock", "created": 1, "context_length": 128000}
        self.reply({"object": "list", "data": [model], "models": [{"name": "models/mock"}]})

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        request = json.loads(body or b"{}")
        if "chat/completions" in self.path:
            self.chat_completions(request)
        elif "countTokens" in self.path:
            self.reply({"totalTokens": 10})
        elif "generatecontent" in self.path.lower():
            self.generate_content(request)
        else:
            self.reply({"error": {"message": f"no such route: {self.path}"}}, 404)

    def chat_completions(self, request):
        messages = request.get("messages") or [{}]
        said = ["\n".join(texts(message.get("content"))) for message in messages if message.get("role") == "user"]
        result = "\n".join(texts(messages[-1].get("content"))) if messages[-1].get("role") == "tool" else None
        functions = [tool.get("function") or {} for tool in request.get("tools") or []]
        tools = [(function.get("name", ""), function.get("parameters") or {}) for function in functions]
        words, pause, call = decide(said, result, tools)
        calls = None
        if call:
            Model.calls += 1
            function = {"name": call[0], "arguments": json.dumps(call[1])}
            calls = [{"index": 0, "id": f"call_{Model.calls}", "type": "function", "function": function}]
        finish = "tool_calls" if calls else "stop"
        usage = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
        base = {"id": "c1", "created": 1, "model": request.get("model")}
        if not request.get("stream"):
            message = {"role": "assistant", "content": " ".join(words)}
            if calls:
                message["tool_calls"] = [{key: call[key] for key in ("id", "type", "function")} for call in calls]
            choice = {"index": 0, "message": message, "finish_reason": finish}
            self.reply({**base, "object": "chat.completion", "choices": [choice], "usage": usage})
            return

        def chunk(delta, finish_reason=None):
            choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
            return {**base, "object": "chat.completion.chunk", "choices": [choice]}

        def chunks():
            yield chunk({"role": "assistant", "content": ""})
            for word in words:
                yield chunk({"content": word + " "})
                time.sleep(pause)
            if calls:
                yield chunk({"tool_calls": calls})
            yield chunk({}, finish)
            if (request.get("stream_options") or {}).get("include_usage"):
                yield {**base, "object": "chat.completion.chunk", "choices": [], "usage": usage}

        self.stream(chunks(), "\n\n", "data: [DONE]\n\n")

    def generate_content(self, request):
        contents = request.get("contents") or [{}]
        people = [content for content in contents if content.get("role") == "user"]
        # The last part of each is what the person wrote; what stands before it the agent added.
        said = [parts[-1] for parts in (texts(content.get("parts")) for content in people) if parts]
        responses = [part["functionResponse"] for part in contents[-1].get("parts") or [] if "functionResponse" in part]
        result = json.dumps(responses[0].get("response")) if responses else None
        declared = [d for tool in request.get("tools") or [] for d in tool.get("functionDeclarations") or []]
        tools = [(d.get("name", ""), d.get("parametersJsonSchema") or d.get("parameters") or {}) for d in declared]
        words, pause, call = decide(said, result, tools)
        config = request.get("generationConfig") or {}
        schema = config.get("responseJsonSchema") or config.get("responseSchema")
        if schema:
            blank = {"boolean": False, "integer": 1, "number": 1, "array": [], "object": {}}
            answer = {
                name: kind["enum"][0] if kind.get("enum") else blank.get(str(kind.get("type")).lower(), "x")
                for name, kind in (schema.get("properties") or {}).items()
            }
            words, pause, call = [json.dumps(answer)], 0, None
        last = {"functionCall": {"name": call[0], "args": call[1]}} if call else {"text": ""}
        usage = {"promptTokenCount": 11, "candidatesTokenCount": 7, "totalTokenCount": 18}

        def piece(part, finish=None):
            candidate = {"content": {"role": "model", "parts": [part]}}
            if finish:
                candidate["finishReason"] = finish
            return {"candidates": [candidate], "usageMetadata": usage, "modelVersion": "mock"}

        if "stream" not in self.path:
            parts = [last] if call else [{"text": " ".join(words)}]
            candidate = {"content": {"role": "model", "parts": parts}, "finishReason": "STOP"}
            self.reply({"candidates": [candidate], "usageMetadata": usage})
            return

        def pieces():
            for word in words:
                yield piece({"text": word + " "})
                time.sleep(pause)
            yield piece(last, "STOP")

        self.stream(pieces(), "\r\n\r\n", "")

    def reply(self, value, status=200):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def stream(self, values, end, last):
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")
        self.end_headers()
        self.close_connection = True
        try:
            for value in values:
                self.wfile.write(f"data: {json.dumps(value)}{end}".encode())
                self.wfile.flush()
            self.wfile.write(last.encode())
        except OSError:
            # Whoever asked was stopped.
            pass


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Model)
    server.daemon_threads = True
    print(server.server_address[1], flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        sys.exit(0)
