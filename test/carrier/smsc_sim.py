#!/usr/bin/python3
"""A small SMPP 3.4 message centre for tests, on loopback only.

It accepts binds and submits, writes down every message exactly as it came, and
sends receipts.  The last four digits of a destination decide its fate (RULES).
A second port takes HTTP commands; README.md lists them.  Only the standard
library is used.
"""
import argparse
import asyncio
import collections
import json
import struct
import time
import urllib.parse

# SMPP 3.4, section 5.1.2.1: command ids.
BIND_RECEIVER, BIND_TRANSMITTER, SUBMIT, DELIVER, UNBIND, BIND_TRANSCEIVER = 1, 2, 4, 5, 6, 9
ENQUIRE_LINK, GENERIC_NACK, ANSWER = 0x15, 0x80000000, 0x80000000
# Section 5.1.3: command status.
INVALID_COMMAND, INVALID_SOURCE, INVALID_DESTINATION, BIND_FAILED = 0x03, 0x0A, 0x0B, 0x0D
QUEUE_FULL, SUBMIT_FAILED, THROTTLED = 0x14, 0x45, 0x58
# Section 5.2.12 and 5.2.28: esm_class bits and message states.
ESM_RECEIPT, ESM_UDH = 0x04, 0x40
STATES = {"ENROUTE": 1, "DELIVRD": 2, "EXPIRED": 3, "DELETED": 4, "UNDELIV": 5,
          "ACCEPTD": 6, "UNKNOWN": 7, "REJECTD": 8}
TLV_RECEIPTED_ID, TLV_PAYLOAD, TLV_STATE = 0x001E, 0x0424, 0x0427

# 3GPP TS 23.038, sections 6.2.1 and 6.2.1.1.
GSM_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅå"
    "Δ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ"
    " !\"#¤%&'()*+,-./"
    "0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNO"
    "PQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmno"
    "pqrstuvwxyzäöñüà")
GSM_EXTENSION = {0x0A: "\f", 0x14: "^", 0x28: "{", 0x29: "}", 0x2F: "\\",
                 0x3C: "[", 0x3D: "~", 0x3E: "]", 0x40: "|", 0x65: "€"}
GSM_CODE = {c: bytes([i]) for i, c in enumerate(GSM_BASIC) if c != "\x1b"}
GSM_CODE.update({c: bytes([0x1B, i]) for i, c in GSM_EXTENSION.items()})

# Last four digits: answer to the submit, then receipts as (seconds, state, error).
DELIVERED = [(0.02, "DELIVRD", 0)]
RULES = {
    "0001": (INVALID_DESTINATION, []),
    "0002": (0, [(0, "UNDELIV", 1)]),
    "0003": (0, [(0, "EXPIRED", 2)]),
    "0004": (0, [(0, "ACCEPTD", 0), (0.5, "DELIVRD", 0)]),
    "0005": (0, []),
    "0006": (THROTTLED, []),                    # the first time only
    "0007": (QUEUE_FULL, []),
    "0008": (0, [(2.0, "DELIVRD", 0)]),
    "0009": (0, [(0, "DELIVRD", 0), (0.1, "DELIVRD", 0)]),
    "0010": (0, [(0, "REJECTD", 3)]),
    "0011": (0, [(0, "UNDELIV", 21)]),
    "0012": (INVALID_SOURCE, []),
    "0013": (SUBMIT_FAILED, []),
}


class Broken(Exception):
    """The other side sent something that is not SMPP."""


def gsm_decode(data):
    out, escape = [], False
    for code in data:
        if escape:
            out.append(GSM_EXTENSION.get(code, "\ufffd"))
        elif code != 0x1B:
            out.append(GSM_BASIC[code] if code < 128 else "\ufffd")
        escape = not escape and code == 0x1B
    return "".join(out)


def decode(coding, data):
    if coding == 8:
        return data.decode("utf-16-be", "replace")
    if coding == 0 or coding & 0xFC == 0xF0 or coding & 0xCC == 0:
        return gsm_decode(data)
    return data.decode("latin-1")


class Reader:
    """Takes the fields of a PDU's body one after the other."""

    def __init__(self, body):
        self.body, self.at = body, 0

    def string(self):
        end = self.body.find(b"\0", self.at)
        if end < 0:
            raise Broken("string without end")
        value, self.at = self.body[self.at:end].decode("latin-1"), end + 1
        return value

    def octet(self):
        return self.take(1)[0]

    def take(self, length):
        value = self.body[self.at:self.at + length]
        if len(value) != length:
            raise Broken("body too short")
        self.at += length
        return value

    def tlvs(self):
        found = {}
        while self.at + 4 <= len(self.body):
            tag, length = struct.unpack(">HH", self.take(4))
            found[tag] = self.take(length)
        return found


def parse_submit(body):
    """The fields of submit_sm (section 4.4.1) as the record that tests read."""
    r, rec = Reader(body), {}
    rec["service"] = r.string()
    rec["from_ton"], rec["from_npi"], rec["from"] = r.octet(), r.octet(), r.string()
    rec["to_ton"], rec["to_npi"], rec["to"] = r.octet(), r.octet(), r.string()
    rec["esm"], rec["pid"], rec["priority"] = r.octet(), r.octet(), r.octet()
    rec["schedule"], rec["validity"] = r.string(), r.string()
    rec["registered"], rec["replace"], rec["dcs"], _ = (r.octet() for _ in range(4))
    data = r.take(r.octet())
    data = r.tlvs().get(TLV_PAYLOAD, data)
    udh = b""
    if rec["esm"] & ESM_UDH and data:
        udh, data = data[:data[0] + 1], data[data[0] + 1:]
    rec["udh"], rec["data"], rec["len"] = udh.hex(), data.hex(), len(data)
    rec["text"] = decode(rec["dcs"], data)
    rec["ref"], rec["parts"], rec["part"] = concatenation(udh)
    return rec


def concatenation(udh):
    """Reference, number of parts and part (3GPP TS 23.040, 9.2.3.24.1 and .8)."""
    at = 1
    while at + 1 < len(udh):
        element, length = udh[at], udh[at + 1]
        value = udh[at + 2:at + 2 + length]
        if element == 0 and length == 3:
            return value[0], value[1], value[2]
        if element == 8 and length == 4:
            return value[0] * 256 + value[1], value[2], value[3]
        at += 2 + length
    return None, 1, 1


def address(number):
    """Type of number, numbering plan and digits: international, national or letters."""
    digits = number.lstrip("+")
    if not digits.isdigit():
        kind = b"\x05\x00"
    else:
        kind = b"\x01\x01" if len(digits) > 6 else b"\x00\x01"
    return kind + digits.encode("latin-1") + b"\0"


class Centre:
    def __init__(self, options):
        self.options = options
        self.log = open(options.log, "a", buffering=1, encoding="utf-8")
        self.links = {}                 # writer -> takes deliveries
        self.sequence = self.number = self.reference = 0
        self.down, self.hold, self.held, self.mps = False, False, [], options.mps
        self.recent = collections.deque()
        self.reset()

    def reset(self):
        self.submits, self.stats, self.seen = [], collections.Counter(), collections.Counter()

    # ---- SMPP ----

    async def serve(self, reader, writer):
        self.links[writer] = False
        try:
            while not self.down:
                length, command, _, sequence = struct.unpack(">IIII", await reader.readexactly(16))
                if not 16 <= length <= 70000:
                    break
                body = await reader.readexactly(length - 16)
                if not self.command(writer, command, sequence, body):
                    break
                await writer.drain()
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, Broken):
            pass
        finally:
            del self.links[writer]
            writer.close()

    def command(self, writer, command, sequence, body):
        """Answers one PDU; False ends the link."""
        if command in (BIND_RECEIVER, BIND_TRANSMITTER, BIND_TRANSCEIVER):
            return self.bind(writer, command, sequence, body)
        if command == SUBMIT:
            self.submit(writer, sequence, body)
        elif command in (ENQUIRE_LINK, UNBIND):
            self.send(writer, command | ANSWER, 0, sequence)
        elif command == DELIVER | ANSWER:
            self.stats["deliver_answers"] += 1
        elif not command & ANSWER:
            self.send(writer, GENERIC_NACK, INVALID_COMMAND, sequence)
        return command != UNBIND

    @staticmethod
    def send(writer, command, status, sequence, body=b""):
        writer.write(struct.pack(">IIII", 16 + len(body), command, status, sequence) + body)

    def bind(self, writer, command, sequence, body):
        r = Reader(body)
        accepted = (r.string(), r.string()) == (self.options.user, self.options.password)
        self.send(writer, command | ANSWER, 0 if accepted else BIND_FAILED, sequence,
                  b"sim\0" if accepted else b"")
        self.links[writer] = accepted and command != BIND_TRANSMITTER
        return accepted

    def submit(self, writer, sequence, body):
        record = parse_submit(body)
        status, receipts = self.fate(record)
        self.number += 1
        message_id = "" if status else "S%09d" % self.number
        record.update(n=self.number, t=round(time.time(), 6), id=message_id, status=status)
        self.submits.append(record)
        self.log.write(json.dumps(record, ensure_ascii=False) + "\n")
        self.stats["submits"] += 1
        self.stats["refused" if status else "accepted"] += 1
        self.send(writer, SUBMIT | ANSWER, status, sequence, b"" if status else message_id.encode() + b"\0")
        if not status and record["registered"] & 3:
            for delay, state, error in receipts:
                asyncio.get_running_loop().call_later(delay, self.receipt, message_id,
                                                      record["from"], record["to"], state, error)

    def fate(self, record):
        """What happens to a message: status of the answer and its receipts."""
        last, to = record["to"][-4:], record["to"]
        status, receipts = RULES.get(last, (0, DELIVERED))
        self.seen[to] += 1
        if last == "0006" and self.seen[to] > 1:
            status, receipts = 0, DELIVERED
        elif last == "0014" and record["part"] == 2:
            receipts = [(0, "UNDELIV", 1)]
        elif last == "0015":
            receipts = [(0.1 * (record["parts"] - record["part"]), "DELIVRD", 0)]
        if not status and not self.within_rate():
            status, receipts = THROTTLED, []
        return status, receipts

    def within_rate(self):
        if not self.mps:
            return True
        now = time.time()
        while self.recent and self.recent[0] < now - 1:
            self.recent.popleft()
        if len(self.recent) >= self.mps:
            return False
        self.recent.append(now)
        return True

    def receipt(self, message_id, source, destination, state, error):
        """Sends a receipt from the recipient back to the sender (appendix B)."""
        if self.hold:
            self.held.append((message_id, source, destination, state, error))
            return
        date = time.strftime("%y%m%d%H%M", time.gmtime())
        text = ("id:%s sub:001 dlvrd:%03d submit date:%s done date:%s stat:%s err:%03d text:"
                % (message_id, state == "DELIVRD", date, date, state, error))
        tlvs = (struct.pack(">HH", TLV_RECEIPTED_ID, len(message_id) + 1) + message_id.encode() + b"\0"
                + struct.pack(">HHB", TLV_STATE, 1, STATES[state]))
        if self.deliver(destination, source, ESM_RECEIPT, 0, text.encode("latin-1"), tlvs):
            self.stats["receipts"] += 1

    def release(self):
        held, self.held, self.hold = self.held, [], False
        for arguments in held:
            self.receipt(*arguments)

    def deliver(self, source, destination, esm, coding, data, tlvs=b""):
        writer = next((w for w, receives in self.links.items() if receives), None)
        if writer is None:
            self.stats["undeliverable"] += 1
            return False
        self.sequence = self.sequence % 0x7FFFFFFF + 1
        body = (b"\0" + address(source) + address(destination) + bytes([esm, 0, 0]) + b"\0\0"
                + bytes([0, 0, coding, 0, len(data)]) + data + tlvs)
        self.send(writer, DELIVER, 0, self.sequence, body)
        return True

    def inbound(self, source, destination, text):
        """A message from a telephone, in as many parts as it needs."""
        if all(c in GSM_CODE for c in text):
            coding, units, one, many = 0, [GSM_CODE[c] for c in text], 160, 153
        else:
            coding, units, one, many = 8, [c.encode("utf-16-be") for c in text], 140, 134
        if sum(map(len, units)) <= one:
            return self.deliver(source, destination, 0, coding, b"".join(units))
        parts = [b""]
        for unit in units:
            if len(parts[-1]) + len(unit) > many:
                parts.append(b"")
            parts[-1] += unit
        self.reference = self.reference % 255 + 1
        return all([
            self.deliver(source, destination, ESM_UDH, coding,
                         bytes([5, 0, 3, self.reference, len(parts), i]) + part)
            for i, part in enumerate(parts, 1)])

    # ---- HTTP commands ----

    async def control(self, reader, writer):
        try:
            path, arguments = await read_request(reader)
            code, answer = self.answer(path, arguments)
        except (KeyError, ValueError, IndexError) as error:
            code, answer = 400, {"error": repr(error)}
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()
            return
        data = json.dumps(answer, ensure_ascii=False).encode()
        writer.write(b"HTTP/1.1 %d Answer\r\nContent-Type: application/json\r\nContent-Length: %d\r\n"
                     b"Connection: close\r\n\r\n" % (code, len(data)) + data)
        try:
            await writer.drain()
        except ConnectionError:
            pass
        writer.close()

    def answer(self, path, a):
        if path == "/health":
            return 200, {"bound": sum(self.links.values()), "down": self.down}
        if path == "/stats":
            return 200, dict(self.stats)
        if path == "/submits":
            since, limit = int(a.get("since", 0)), int(a.get("limit", 100000))
            return 200, [s for s in self.submits if s["n"] > since][:limit]
        if path == "/mo":
            delivered = self.inbound(a["from"], a["to"], a.get("text", ""))
            return 200 if delivered else 503, {"delivered": delivered}
        if path == "/deliver":
            udh, data = bytes.fromhex(a.get("udh", "")), bytes.fromhex(a.get("data", ""))
            delivered = self.deliver(a["from"], a["to"], ESM_UDH if udh else 0, int(a.get("coding", 0)), udh + data)
            return 200 if delivered else 503, {"delivered": delivered}
        if path == "/receipt":
            self.receipt(a["id"], a["from"], a["to"], a.get("stat", "DELIVRD"), int(a.get("err", 0)))
        elif path == "/receipts":
            self.hold = a["state"] == "hold"
            if not self.hold:
                self.release()
        elif path == "/link":
            self.down = a["state"] == "down"
            for link in list(self.links) if self.down else []:
                link.close()
        elif path == "/mps":
            self.mps = int(a["value"])
        elif path == "/reset":
            self.reset()
        else:
            return 404, {"error": "unknown path"}
        return 200, {}


async def read_request(reader):
    """The path of one HTTP request and its arguments, from query, form or JSON."""
    line = (await reader.readline()).decode("latin-1").split()
    length = 0
    while True:
        header = (await reader.readline()).decode("latin-1").strip().lower()
        if not header:
            break
        if header.startswith("content-length:"):
            length = min(int(header.split(":")[1]), 1 << 20)
    body = (await reader.readexactly(length)).decode("utf-8")
    url = urllib.parse.urlsplit(line[1])
    arguments = dict(urllib.parse.parse_qsl(url.query, keep_blank_values=True))
    if body.startswith("{"):
        arguments.update(json.loads(body))
    else:
        arguments.update(urllib.parse.parse_qsl(body, keep_blank_values=True))
    return url.path, arguments


async def main():
    p = argparse.ArgumentParser()
    p.add_argument("--smpp-port", type=int, required=True)
    p.add_argument("--http-port", type=int, required=True)
    p.add_argument("--log", required=True, help="file for the record of what arrived")
    p.add_argument("--user", default="sim")
    p.add_argument("--password", default="simpass")
    p.add_argument("--mps", type=int, default=0, help="answer 'throttled' above so many a second")
    options = p.parse_args()
    centre = Centre(options)
    await asyncio.start_server(centre.control, "127.0.0.1", options.http_port)
    server = await asyncio.start_server(centre.serve, "127.0.0.1", options.smpp_port)
    await server.serve_forever()


try:
    asyncio.run(main())
except KeyboardInterrupt:
    pass
