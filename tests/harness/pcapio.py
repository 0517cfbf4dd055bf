"""pcap files by hand, so that no test trusts the code it tests: a reader, a writer, frames."""
import struct

MAGIC_US = 0xA1B2C3D4
MAGIC_NS = 0xA1B23C4D


def read(path):
    """[(time_ns, wire_length, bytes)] of a pcap file of either byte order and resolution."""
    data = open(path, "rb").read()
    order = "<" if struct.unpack_from("<I", data)[0] in (MAGIC_US, MAGIC_NS) else ">"
    magic, = struct.unpack_from(order + "I", data)
    assert magic in (MAGIC_US, MAGIC_NS), f"{path} is not a pcap file"
    unit = 1 if magic == MAGIC_NS else 1000
    frames, offset = [], 24
    while offset + 16 <= len(data):
        seconds, fraction, captured, wire = struct.unpack_from(order + "IIII", data, offset)
        offset += 16
        if offset + captured > len(data):
            break
        frames.append((seconds * 10**9 + fraction * unit, wire, data[offset:offset + captured]))
        offset += captured
    return frames


def write(path, frames, nanoseconds=True, snaplen=262144, link=1):
    """Writes [(time_ns, wire_length, bytes)]."""
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", MAGIC_NS if nanoseconds else MAGIC_US, 2, 4, 0, 0,
                               snaplen, link))
        for time_ns, wire, frame in frames:
            fraction = time_ns % 10**9
            file.write(struct.pack("<IIII", time_ns // 10**9,
                                   fraction if nanoseconds else fraction // 1000, len(frame), wire))
            file.write(frame)


def ones_sum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def udp_frame(payload, group="233.54.12.111", port=26477, source="10.1.1.1", source_port=40000,
              vlans=(), options=b"", identification=0, trailer=b"", udp_checksum="correct"):
    """An Ethernet frame with a UDP datagram in it."""
    def address(text):
        return bytes(int(part) for part in text.split("."))

    ether = b"\x01\x00\x5e" + bytes([address(group)[1] & 0x7F]) + address(group)[2:]
    ether += b"\x02\x00\x00\x00\x00\x01"
    for tag in vlans:
        ether += struct.pack(">HH", 0x8100, tag)
    ether += b"\x08\x00"
    udp_length = 8 + len(payload)
    header_length = 20 + len(options)
    pseudo = address(source) + address(group) + struct.pack(">BBH", 0, 17, udp_length)
    udp = struct.pack(">HHHH", source_port, port, udp_length, 0)
    checksum = 0
    if udp_checksum == "correct":
        checksum = (0xFFFF - ones_sum(pseudo + udp + payload)) or 0xFFFF
    elif udp_checksum == "partial":
        checksum = ones_sum(pseudo)
    elif isinstance(udp_checksum, int):
        checksum = udp_checksum
    udp = udp[:6] + struct.pack(">H", checksum)
    ip = struct.pack(">BBHHHBBH", 0x40 | header_length // 4, 0, header_length + udp_length,
                     identification, 0x4000, 17, 17, 0) + address(source) + address(group) + options
    ip = ip[:10] + struct.pack(">H", 0xFFFF - ones_sum(ip)) + ip[12:]
    return ether + ip + udp + payload + trailer


def moldudp64(session, sequence, messages, count=None):
    """A MoldUDP64 packet; `count` may contradict the messages."""
    payload = session.encode().ljust(10)[:10]
    payload += struct.pack(">QH", sequence, len(messages) if count is None else count)
    for message in messages:
        payload += struct.pack(">H", len(message)) + message
    return payload


def iextp(session, sequence, messages, send_time, stream_offset, protocol=0x8004, version=1):
    """An IEX-TP packet."""
    body = b"".join(struct.pack("<H", len(message)) + message for message in messages)
    return struct.pack("<BBHIIHHqqq", version, 0, protocol, 1, session, len(body), len(messages),
                       stream_offset, sequence, send_time) + body
