"""Hosts: who can reach them, and who owns them, however they are written."""

from __future__ import annotations

import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer import hosts


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.0.0.1.",
        "127.1",
        "0177.0.0.1",
        "0x7f000001",
        "0x7f.1",
        "2130706433",
        "0",
        "①②⑦.0.0.1",
        "127。0。0。1",
        "10.0.0.1",
        "100.64.0.1",
        "169.254.169.254",
        "192.0.0.1",
        "198.18.0.1",
        "224.0.0.1",
        "239.255.255.250",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:10.0.0.1",
        "fd00:ec2::254",
        "fe80::1",
        "fe80::1%eth0",
        "ff02::1",
        "ff0e::1",
        "2001:db8::1",
        "64:ff9b::a00:1",
        "64:ff9b::808:808",
        "64:ff9b:1::a00:1",
        "2002:7f00:1::",
        "2002:808:808::1",
        "2001:0:7f00:1::",
        "localhost",
        "LOCALHOST",
        "foo.localhost",
        "printer",
        "files.corp",
        "files.Internal.",
    ],
)
def test_a_host_that_readers_cannot_reach_is_private(host):
    assert hosts.is_private(host)


@pytest.mark.parametrize(
    "host",
    [
        "8.8.8.8",
        "134744072",
        "2606:4700:4700::1111",
        "example.org",
        "bücher.example",
        "local.example.org",
        "1.example",
        "10.0.0.1.example.org",
    ],
)
def test_a_host_on_the_public_internet_is_not(host):
    assert not hosts.is_private(host)


@pytest.mark.parametrize(
    ("peer", "public"),
    [
        ("93.184.216.34", True),
        ("10.0.0.1", False),
        ("64:ff9b::5db8:d822", True),
        ("64:ff9b::a00:1", False),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b:1::5db8:d822", False),
        ("2002:5db8:d822::", False),
    ],
)
def test_behind_a_translator_the_address_inside_decides(peer, public):
    assert hosts.is_public_peer(peer) is public


@given(st.ip_addresses(v=4))
def test_every_spelling_of_an_address_is_the_same_address(address):
    number = int(address)
    for spelling in (str(address), str(number), hex(number), f"{number >> 24}.{number & 0xFFFFFF}"):
        assert hosts.ip_address(spelling) == address
        assert socket.inet_aton(spelling) == address.packed


@given(st.text(max_size=30))
def test_any_text_can_be_asked_about(text):
    hosts.is_private(text)
    hosts.is_loopback(text)
    assert hosts.same_owner(text, text)
    assert hosts.ascii_host(hosts.ascii_host(text)) == hosts.ascii_host(text)


@pytest.mark.parametrize(
    ("host", "other", "same"),
    [
        ("www.example.org", "donate.example.org", True),
        ("example.org", "EXAMPLE.ORG.", True),
        ("a.co.uk", "b.co.uk", False),
        ("www.a.co.uk", "give.a.co.uk", True),
        ("a.org.au", "b.org.au", False),
        ("ana.github.io", "bo.github.io", False),
        ("bücher.example", "www.xn--bcher-kva.example", True),
        ("10.0.0.1", "10.1.0.1", False),
        ("localhost", "localhost", True),
        ("localhost", "example", False),
    ],
)
def test_hosts_of_one_owner_share_a_registered_domain(host, other, same):
    assert hosts.same_owner(host, other) is same


def test_the_list_of_suffixes_needs_neither_network_nor_cache(monkeypatch, tmp_path):
    def refuse(*_, **__):
        raise AssertionError

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    hosts._public_suffixes.cache_clear()
    hosts._registered.cache_clear()
    assert not hosts.same_owner("a.co.uk", "b.co.uk")
    assert not list(tmp_path.iterdir())


def test_a_domain_comes_with_those_above_it():
    assert list(hosts.with_parents("News.mail.example.org")) == [
        "news.mail.example.org",
        "mail.example.org",
        "example.org",
    ]
