#!/usr/bin/env python3
"""Golden renderings of templates by jinja2, set up as transformers sets it up for chat templates.

  make_templates.py [OUT]     default: templates.json beside this file

Needs jinja2 (Debian's python3-jinja2). A case has a template, whether it gets the conversation of `chats` with that
number or `values`, and what comes out: `text`, `raised` (by raise_exception) or `error`.
"""
import datetime
import json
import os
import sys

import jinja2
import jinja2.ext
import jinja2.nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

HERE = os.path.dirname(os.path.abspath(__file__))
OUT = sys.argv[1] if len(sys.argv) > 1 else os.path.join(HERE, "templates.json")


class Raised(Exception):
    pass


class Generation(jinja2.ext.Extension):
    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.CallBlock(self.call_method("_body"), [], [], body).set_lineno(line)

    def _body(self, caller):
        return caller()


def raise_exception(message):
    raise Raised(str(message))


def tojson(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


ENVIRONMENT = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True,
                                            extensions=[Generation, jinja2.ext.loopcontrols])
ENVIRONMENT.filters["tojson"] = tojson
ENVIRONMENT.globals["raise_exception"] = raise_exception
ENVIRONMENT.globals["strftime_now"] = datetime.datetime(2024, 7, 26).strftime

VALUES = {
    "s": "hello World", "n": 5, "f": 2.5, "l": [3, 1, 2], "d": {"b": 1, "a": [1, 2], "items": 7}, "none_": None, "t": True,
    "msgs": [{"role": "system", "content": "S"}, {"role": "user", "content": "  hi "},
             {"role": "assistant", "content": "yo",
              "tool_calls": [{"function": {"name": "f", "arguments": {"x": 1, "y": [1, {"z": None}]}}}]}],
    "u": "\u00dcn\u00efcode \u00e9 \u00df \u65e5\u672c\u8a9e \U0001F600", "empty": [], "multi": "a\nb\r\n\nc\n",
    "words": ["Bob", "alice", "Carl", "bob"]}

LINES = r'''
{{ s }}|{{ n }}|{{ f }}|{{ l }}|{{ d }}|{{ none_ }}|{{ t }}|{{ missing }}
{{ 1.0 }} {{ 1e16 }} {{ 1e15 }} {{ 1e-5 }} {{ 0.0001 }} {{ 1/3 }} {{ 7//2 }} {{ -7//2 }} {{ -7%3 }} {{ 7%-3 }} {{ 2**10 }} {{ 2**-1 }} {{ 7.5//2 }} {{ -7.5%2 }}
{{ 'a' ~ 1 ~ none ~ true }} {{ 'ab'*3 }} {{ [1]*3 }} {{ [1]+[2] }} {{ (1,2)+(3,) }} {{ (1,) }} {{ () }} {{ 1, 2 }}
{{ s[0] }}{{ s[-1] }}{{ s[1:3] }}{{ s[::-1] }}{{ s[::2] }}{{ u[3:9] }}{{ u[-1] }}{{ l[1:] }}{{ l[::-1] }}{{ l[-2:] }}{{ l[5:] }}{{ l[99] }}{{ s[99] }}
{{ s[5:2:-1] }}{{ l[:-1] }}{{ l[-1::-2] }}{{ s[:100] }}{{ s[-100:3] }}{{ s[100:0:-3] }}
{{ d.a }}{{ d['a'] }}{{ d.b }}{{ d.zzz }}{{ d['items'] }}{{ d.get('a') }}{{ d.get('q') }}{{ d.get('q', 3) }}
{% for k, v in d.items() %}{{ k }}={{ v }};{% endfor %}
{% for k in d %}{{ k }}{% endfor %}|{{ d|length }}|{{ d.keys()|list }}|{{ d.values()|list }}
{{ 1 < 2 < 3 }}{{ 1 < 3 < 2 }}{{ 1 == 1.0 }}{{ true == 1 }}{{ 'a' < 'b' }}{{ [1,2] < [1,3] }}{{ none == none }}{{ missing == missing2 }}
{{ 'ell' in s }}{{ 3 in l }}{{ 'a' in d }}{{ 3 not in l }}{{ 'x' in missing }}{{ not 'x' in s }}
{{ 'yes' if t else 'no' }}{{ 'yes' if not t }}|{{ 1 if false else 2 if true else 3 }}
{{ t and 'x' }}{{ none_ or 'y' }}{{ 0 and 1 }}{{ '' or [] }}{{ 1 or x.y }}
{{ s|upper }}{{ s|lower }}{{ s|title }}{{ s|capitalize }}{{ u|upper }}{{ u|title }}{{ 'foo-bar (baz) [qux] x<y'|title }}{{ "they're"|title }}{{ "they're".title() }}
{{ '  x '|trim }}|{{ 'xxaxx'|trim('x') }}|{{ '  a '.strip() }}|{{ 'xyaxy'.strip('xy') }}|{{ 'xa'.lstrip('x') }}|{{ 'ax'.rstrip('x') }}
{{ 'a b  c'.split() }}{{ 'a,b,,c'.split(',') }}{{ 'a,b,c'.split(',', 1) }}{{ 'a b c d'.split(None, 2) }}{{ 'a,b,c'.rsplit(',', 1) }}{{ ' a b c '.rsplit(None, 1) }}{{ multi.splitlines() }}{{ multi.splitlines(true) }}
{{ ''.split(',') }}{{ ''.split() }}{{ 'aaa'.split('aa') }}{{ 'aaa'.rsplit('aa') }}{{ 'abc'.partition('b') }}{{ 'abcb'.rpartition('b') }}{{ 'abc'.partition('x') }}{{ 'abc'.rpartition('x') }}
{{ s.startswith('hell') }}{{ s.endswith('World') }}{{ s.startswith(('x','h')) }}{{ s.startswith('ell', 1) }}{{ s.find('o') }}{{ s.rfind('o') }}{{ s.find('zz') }}{{ s.index('W') }}{{ s.count('l') }}{{ 'aaa'.count('') }}{{ s.find('o', 5) }}{{ s.find('o', -3, -1) }}{{ u.find('日') }}
{{ s.replace('l','L') }}{{ s.replace('l','L',1) }}{{ 'abc'.replace('','-') }}{{ 'abc'.replace('','-',2) }}{{ s|replace('o','0') }}{{ s|replace('o','0',1) }}{{ 5|replace(5, 6) }}
{{ ','.join(['a','b']) }}{{ l|join('-') }}{{ msgs|join(', ', attribute='role') }}{{ l|join }}
{{ l|sort }}{{ l|sort(reverse=true) }}{{ words|sort }}{{ words|sort(case_sensitive=true) }}{{ words|unique|list }}{{ msgs|sort(attribute='role')|map(attribute='role')|list }}
{{ l|first }}{{ l|last }}{{ empty|first }}|{{ s|first }}{{ s|last }}{{ l|max }}{{ l|min }}{{ l|sum }}{{ empty|sum }}{{ empty|max }}|{{ words|max }}{{ words|min }}
{{ l|reverse|list }}{{ s|reverse }}{{ l|length }}{{ s|length }}{{ u|length }}{{ missing|length }}{{ l|count }}
{{ missing|default('D') }}{{ none_|default('D') }}{{ none_|default('D', true) }}{{ ''|d('E', true) }}{{ missing|default }}|{{ s|default('x') }}
{{ msgs|selectattr('role','equalto','user')|list }}{{ msgs|selectattr('role','eq','user')|map(attribute='content')|first }}{{ msgs|rejectattr('role','in',['user','system'])|list|length }}
{{ msgs|selectattr('tool_calls','defined')|list|length }}{{ msgs|selectattr('tool_calls')|list|length }}{{ l|select('odd')|list }}{{ l|reject('odd')|list }}{{ [0,1,'',none,2]|select|list }}
{{ l|map('string')|join(',') }}{{ [' a','b ']|map('trim')|list }}{{ ['ab','cb']|map('replace','b','X')|list }}{{ msgs|map(attribute='tool_calls.0.function.name')|list }}{{ msgs|map(attribute='zz', default='q')|list }}
{% if msgs|selectattr('role','equalto','nobody') %}gen true{% endif %}{{ msgs|map('upper') is iterable }}{{ l|map('abs') is sequence }}
{% set g = l|map('string') %}{{ g|join }}/{{ g|join }}
{{ d|tojson }}{{ u|tojson }}{{ u|tojson(ensure_ascii=true) }}{{ d|tojson(indent=2) }}{{ d|tojson(separators=(',',':')) }}{{ d|tojson(sort_keys=true) }}{{ [1.0,1e20,true,none,"a\"b\\c\n\t\x01\x7f"]|tojson }}{{ {1:2,'a':{}}|tojson }}{{ []|tojson(indent=4) }}{{ {'a':[]}|tojson(indent=1) }}{{ "\x7f"|tojson(ensure_ascii=true) }}
{{ d|items|list }}{{ missing|items|list }}{{ d|dictsort }}{{ d|dictsort(reverse=true) }}{{ {'x':2,'y':1}|dictsort(by='value') }}{{ {'x':2,'y':1}|dictsort(false,'value') }}
{{ '3'|int }}{{ 'x'|int }}{{ 'x'|int(7) }}{{ 3.9|int }}{{ '3.7'|int }}{{ '1.5'|float }}{{ 'x'|float }}{{ 3|float }}{{ none_|int }}{{ '1e3'|int }}{{ ' 4 '|int }}{{ true|int }}
{{ 42.55|round }}{{ 42.55|round(1) }}{{ 42.55|round(1,'floor') }}{{ 42.1|round(0,'ceil') }}{{ 5|round }}{{ 2.5|round }}{{ 3.5|round }}{{ -3|abs }}{{ -2.5|abs }}
{{ "a\nb\n\nc"|indent }}|{{ "a\nb"|indent(2, true) }}|{{ "a\n\nb"|indent(2, blank=true) }}|{{ "a\nb"|indent('>>') }}|{{ ""|indent }}|{{ "a\n"|indent(2) }}
{{ 'foo bar baz qux'|truncate(9) }}{{ 'foo bar baz qux'|truncate(9,true) }}{{ 'foo bar baz qux'|truncate(11) }}{{ 'foo bar baz qux'|truncate(11,false,'..',0) }}{{ 'a b c_d 1'|wordcount }}{{ 'x'|center(7) }}|{{ 'ab'.center(7) }}|{{ 'ab'.center(6,'*') }}|{{ 'abc'.center(6,'*') }}|{{ 'x'.ljust(3) }}|{{ 'x'.rjust(3,'0') }}
{{ '%s-%d%%'|format('a', 3) }}{{ '%s' % 5 }}{{ '%s %s' % ('a','b') }}{{ '{} {}'.format(1,'b') }}{{ '{0}{1}{0} {{}} {x}'.format(1,2,x=3) }}
{{ n is number }}{{ n is integer }}{{ f is float }}{{ t is boolean }}{{ t is integer }}{{ t is number }}{{ s is string }}{{ d is mapping }}{{ l is iterable }}{{ s is iterable }}{{ n is iterable }}{{ l is sequence }}{{ d is sequence }}{{ none_ is none }}{{ none_ is defined }}{{ missing is defined }}{{ missing is undefined }}{{ missing is iterable }}{{ missing is none }}
{{ n is odd }}{{ n is even }}{{ n is divisibleby 5 }}{{ n is divisibleby(3) }}{{ n is eq 5 }}{{ n is gt 4 }}{{ n is in [1,5] }}{{ s is lower }}{{ 'a' is lower }}{{ 'A' is upper }}{{ t is true }}{{ t is false }}{{ 1 is true }}{{ n is sameas n }}{{ n is not odd }}{{ n is not none and n is not string }}{{ dict is callable }}{{ s is callable }}
{% for x in l %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.previtem }}{{ loop.nextitem }}{{ loop.depth }}{{ loop.cycle('a','b') }}{{ loop.changed(x) }};{% endfor %}
{% for x in l if x > 1 %}{{ x }}{{ loop.index }}{{ loop.length }}{% else %}none{% endfor %}{% for x in l if x > 9 %}{{ x }}{% else %}none{% endfor %}{% for x in missing %}a{% else %}b{% endfor %}
{% for x in [1,2,3,4] %}{% if x == 2 %}{% continue %}{% endif %}{% if x == 4 %}{% break %}{% endif %}{{ x }}{% endfor %}
{% for a in [[1,[2,[3]]],[4,[]]] recursive %}[{% if a is iterable %}{{ loop(a) }}{{ loop.depth }}{% else %}{{ a }}{% endif %}]{% endfor %}
{% for x, (y, z) in [(1,(2,3))] %}{{ x }}{{ y }}{{ z }}{% endfor %}{% for a, b in ['xy','zw'] %}{{ a }}.{{ b }}{% endfor %}
{% set x = 0 %}{% for i in l %}{{ x }}{% set x = i %}{{ x }}{% endfor %}{{ x }}
{% set ns = namespace(a=1, b=[]) %}{% for i in l %}{% set ns.a = ns.a + i %}{% set ns.b = ns.b + [i] %}{% endfor %}{{ ns.a }}{{ ns.b }}{{ ns.zz }}
{% if n > 3 %}{% set y = 1 %}{% endif %}{{ y }}{% if false %}{% set y2 = 1 %}{% endif %}{{ y2 is defined }}
{% set a, b = 1, 2 %}{{ a }}{{ b }}{% set q %}block {{ a }}{% endset %}{{ q }}{% set q | upper %}block{% endset %}{{ q }}{% set q | replace('b','c') | trim %} bb {% endset %}{{ q }}
{% macro m(a, b='B', c=a) %}<{{ a }}{{ b }}{{ c }}>{% endmacro %}{{ m(1) }}{{ m(1, 2) }}{{ m(b=3, a=4) }}{{ m('x', c='y') }}{{ m() }}{{ m.name }}
{% macro o(x) %}{{ x }}:{{ caller() if caller is defined }}{% endmacro %}{% call o(3) %}in{% endcall %}{{ o(4) }}{% macro o2() %}{{ caller(1, 2) }}{% endmacro %}{% call(p, q) o2() %}{{ p }}+{{ q }}{% endcall %}
{% macro fact(k) %}{{ 1 if k <= 1 else k * (fact(k-1)|int) }}{% endmacro %}{{ fact(5) }}
{% for i in [1,2] %}{% macro mm() %}{{ i }}{% endmacro %}{{ mm() }}{% endfor %}{% set late = 1 %}{% macro ml() %}{{ late }}{% endmacro %}{% set late = 2 %}{{ ml() }}
{% filter upper %}abc {{ s }}{% endfilter %}{% filter replace('a','b')|upper %}aa{% endfilter %}{% with a = 1, b = 2 %}{{ a }}{{ b }}{% endwith %}{{ a is defined }}{% with %}{% set w = 3 %}{{ w }}{% endwith %}
{% raw %}{{ not }} {% if %}{% endraw %}|{%- raw -%}  x  {%- endraw -%}|{# comment {{ x }} #}|
{% generation %}gen {{ s }}{% endgeneration %}{{ range(5)|list }}{{ range(2,8,3)|list }}{{ range(5,0,-2)|list }}{{ dict(a=1, b=2) }}
{% set j = joiner('; ') %}{% for x in l %}{{ j() }}{{ x }}{% endfor %}
{{ 'it\'s "q"' }}{{ ["it's", 'a"b', "it's \"q\"", "é\n\x00\u200b"] }}{{ "a" "b" }}{{ '\d\t' }}{{ "tab\there" }}{{ '\u00e9\x41\101' }}
{{ {'a': {'b': 1}}['a']['b'] }}{{ {'a':1}.a }}{{ [[1,2],[3]][0][1] }}{{ ([1,2]|first) + 1 }}{{ -l[0] }}{{ -2**2 }}{{ -n|abs }}{{ 2 + 3 * 4 ~ 'x' }}{{ not true == false }}{{ 1 + 2|float }}{{ 'a' + 'b'|upper }}
{{ raise_exception('no way') }}
{{ missing.x }}
{{ missing + 'a' }}
{{ 'a' + 1 }}
{{ none_.x }}|{{ n.x }}|{{ d.x.y }}
{{ l.append(4) }}
{{ d.update({'q': 1}) }}
{{ foo() }}
{{ s|nofilter }}
{{ s is notest }}
{% include 'x' %}
{% unknown %}
{% if %}
{% for x in %}{% endfor %}
{{ x
{{ 'abc }}
{% if true %}
{% endif %}
{{ 1 // 0 }}
{{ [1,2,3 }}
{{ (1 }}
{{ s | }}
{{ s. }}
{% set x %}
{% set 1 = 2 %}
{% macro m( %}{% endmacro %}
{% break %}
{{ loop.index }}
{{ strftime_now('%d %b %Y') }}{{ strftime_now("%Y-%m-%d %A %j") }}
{{ s.isalpha() }}{{ 'abc'.isalpha() }}{{ '12'.isdigit() }}{{ ''.isdigit() }}{{ 'a1'.isalnum() }}{{ ' '.isspace() }}{{ 'AB'.isupper() }}{{ 'ab1'.islower() }}{{ 'abc'.removeprefix('a') }}{{ 'abc'.removesuffix('c') }}
{{ 10 / 2 }}{{ 3 * 1.5 }}{{ 1_000 }}{{ 1.5e3 }}{{ 0.1 + 0.2 }}{{ 100000000000000000000.0 }}
{{ msgs[0].role }}{{ msgs[0]['role'] }}{{ msgs[-1].tool_calls[0].function.arguments|tojson }}{{ msgs[1:]|length }}{{ msgs[0].content.0 }}
{{ (1,2)|tojson }}{{ ('a','b')|join }}{{ (l|sort)[0] }}{{ l|list == l }}{{ [1,'a',none,true,1.5,{'k':(1,)}] }}
{{ 'ABC'|lower|capitalize|list }}{{ 'x'|string|length }}{{ 3|string ~ 'a' }}{{ 'safe'|safe }}{{ d|attr('b') }}{{ s|attr('upper')() }}
{{ l.index(1) }}{{ l.count(3) }}{{ s.index('zz') }}
{%- if true -%}   x   {%- endif -%}   y
{{- s -}}   z   {{ s -}}
a {%+ if true %} b {%+ endif +%} c
{% if true -%}
  x
{%- endif %}
{{ true }}{{ True }}{{ none }}{{ None }}{{ false }}
{{ "a" in ["a"] and not "b" in ["a"] }}{{ 1 in [1] == true }}
{{ l[0] if l is defined and l else 'none' }}{{ (s|length > 3) and (n > 2) }}{{ s|length > 3 }}
{{ 9223372036854775807 }}{{ 2 ** 62 }}{{ 5 - -5 }}{{ +5 }}{{ - 5 }}
{% for c in u %}{{ c }},{% endfor %}{{ u|list|length }}
{{ 'a' * 0 }}|{{ 'a' * -1 }}|{{ [] * 5 }}|{{ '' * 100000000 }}
{{ n.__class__ }}|{{ ''['__class__'] }}|{{ s.__len__ }}
{{ 'x' is in 'xyz' }}{{ 'a' is ne 'b' }}{{ n is ge 5 }}{{ n is number and t }}
{% set messages = msgs %}{% for message in messages %}{{ '<|' + message['role'] + '|>' + message['content'] | trim + '</s>' }}{% endfor %}
{{ [1,2,3][:2] + [4] }}{{ [[1,2],[3,4]]|map('first')|list }}{{ [[1,2],[3,4]]|map('last')|sum }}{{ [{'a':{'b':1}}]|map(attribute='a.b')|list }}{{ [{'a':3},{'a':1}]|sum(attribute='a') }}{{ [{'a':3},{'a':1}]|sort(attribute='a') }}{{ [{'a':3},{'a':1}]|max(attribute='a') }}
'''

LAYOUTS = ['  {% if true %}\n  a\n  {% endif %}\n  b\n',
 'a\n   {% if true %}b{% endif %}\n c',
 '\n\n{% for x in l %}\n  {{ x }}\n{% endfor %}\n\n',
 'x {# c #}\n y',
 '  {# c #}\n  y\n',
 '{% if true %}\n\n a{% endif %}',
 'a\r\nb\r{% if true %}\r\nc{% endif %}\r\n\r\n',
 'a\n{%- if true %}\n b\n{%- endif %}\n',
 '  {{ s }}\n  {% set x = 1 %}\n{{ x }}\n',
 '{% if true %}  {% if true %}\n  x{% endif %}{% endif %}',
 '  {%- if true %} a {% endif -%}  \n b',
 '\t {% if true %}\tq\t{% endif %}\t\n',
 'a   {{- s }}  {{ s -}}   \n b',
 '{{ s }}\n',
 '{{ s }}\n\n',
 '  {%+ if true %}\n a {%+ endif %}',
 '{% raw %}\n a\n{% endraw %}\nb',
 '  {% raw %} x {% endraw %}\n b',
 '{# a\n b #}{{ s }}',
 'a {#- c -#} b',
 '{% if true %}\xa0{% endif %}|\xa0 {%- if true %}x{% endif %}',
 '',
 '\n',
 'plain',
 '{',
 '{ {',
 '}}',
 '%}',
 "{{ '}}' }}{{ '%}' }}{% if '%}' %}x{% endif %}",
 "{{ {'a': {}} }}",
 "{{{'a':1}.a}}",
 "a{% set x='{{' %}{{ x }}",
 "{% set x = {'a': 1,\n 'b': [1,\n2]} %}\n{{ x }}",
 '{% for i in [1] -%}\n   {{ i }}   \n{%- endfor %}\n.',
 '  \n  {% if true %}x{% endif %}',
 '{% if true %}x{% endif %}\n  {% if true %}y{% endif %}\n',
 'line1\n  {%- set a = 1 -%}\n  line2',
 '{{ s }}   {% if true %}\nq{% endif %}',
 '{% set x %}\n  a\n  {% endset %}\n{{ x }}|',
 '{% macro m() %}\n  a\n{% endmacro %}\n{{ m() }}|']

# Of the kinds that models bring: written for this test, with what real ones do.
CHAT_TEMPLATES = {
    "tagged": """{%- if tools %}
    {{- '<|start|>system\\n' }}
    {%- if messages[0].role == 'system' %}
        {{- messages[0].content + '\\n\\n' }}
    {%- endif %}
    {{- "Functions:\\n" }}
    {%- for tool in tools %}
        {{- tool | tojson }}{{ "\\n" }}
    {%- endfor %}
    {{- '<|end|>\\n' }}
{%- elif messages[0].role == 'system' %}
    {{- '<|start|>system\\n' ~ messages[0].content ~ '<|end|>\\n' }}
{%- endif %}
{%- set ns = namespace(last=-1) %}
{%- for message in messages[::-1] %}
    {%- set index = (messages | length - 1) - loop.index0 %}
    {%- if ns.last < 0 and message.role == 'user' and not (message.content is string and message.content.startswith('<result>')) %}
        {%- set ns.last = index %}
    {%- endif %}
{%- endfor %}
{%- for message in messages %}
    {%- if message.role == 'assistant' %}
        {%- set content = message.content or '' %}
        {%- set thought = '' %}
        {%- if '</think>' in content %}
            {%- set thought = content.split('</think>')[0].rstrip('\\n').split('<think>')[-1].lstrip('\\n') %}
            {%- set content = content.split('</think>')[-1].lstrip('\\n') %}
        {%- endif %}
        {{- '<|start|>assistant\\n' }}
        {%- if loop.index0 > ns.last and thought %}{{ '<think>\\n' + thought + '\\n</think>\\n' }}{% endif %}
        {{- content }}
        {%- for call in message.tool_calls | default([], true) %}
            {{- '\\n<call>' ~ {'name': call.function.name, 'arguments': call.function.arguments} | tojson(indent=2) ~ '</call>' }}
        {%- endfor %}
        {{- '<|end|>\\n' }}
    {%- elif message.role == 'tool' %}
        {{- '<|start|>user\\n<result>' if loop.first or messages[loop.index0 - 1].role != 'tool' else '\\n<result>' }}
        {{- message.content }}{{ '</result>' }}
        {%- if loop.last or messages[loop.index0 + 1].role != 'tool' %}{{ '<|end|>\\n' }}{% endif %}
    {%- elif message.role != 'system' %}
        {{- '<|start|>' + message.role + '\\n' + (message.content if message.content is string else message.content | map(attribute='text') | select('defined') | join(' ')) + '<|end|>\\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}{{ '<|start|>assistant\\n' }}{% endif %}
""",
    "bracketed": """{%- if messages[0]["role"] == "system" %}
    {%- set system = messages[0]["content"] %}
    {%- set loop_messages = messages[1:] %}
{%- else %}
    {%- set loop_messages = messages %}
{%- endif %}
{%- set users = loop_messages | selectattr("role", "equalto", "user") | list %}
{{- bos_token }}
{%- for message in loop_messages %}
    {%- if (message.role == "user") != (loop.index0 % 2 == 0) %}
        {{- raise_exception("Roles must alternate, found " + message.role + " at " ~ loop.index) }}
    {%- endif %}
    {%- if message.role == "user" %}
        {%- if loop.last and system is defined %}
            {{- "[INST] " + system + "\\n\\n" + message.content | trim + " [/INST]" }}
        {%- else %}
            {{- "[INST] " + message["content"] | trim + " [/INST]" }}
        {%- endif %}
    {%- else %}
        {{- " " + message["content"] + eos_token }}
    {%- endif %}
{%- endfor %}
{{- users | length }}""",
    "headed": """{% macro head(role, tail='\\n\\n') %}<|h|>{{ role | upper }}<|/h|>{{ tail }}{% endmacro %}
{% if not date_string is defined %}{% set date_string = strftime_now("%d %b %Y") %}{% endif %}
{% for message in messages %}
{% if message.role == 'system' and loop.first %}
{{ head('system') }}Today: {{ date_string }}
{{ message.content }}<|eot|>
{% elif message.content is iterable and message.content is not string %}
{{ head(message.role) }}{% for part in message.content %}{% if part.type == 'text' %}{{ part['text'] | trim }}{% else %}<{{ part.type }}>{% endif %}{% endfor %}<|eot|>
{% else %}
{{ head(message['role'], tail='\\n') }}{% generation %}{{ message['content'] }}{% endgeneration %}<|eot|>
{% endif %}
{% endfor %}
""",
}
TOOLS = [{"type": "function", "function": {"name": "weather", "description": "W \u00e9", "parameters": {
    "type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}}}]
CHATS = [
    {"messages": [{"role": "user", "content": "Hi"}]},
    {"messages": [{"role": "system", "content": "Be nice."}, {"role": "user", "content": " Hello\n"},
                  {"role": "assistant", "content": "<think>\nx\n</think>\n\nthere"}, {"role": "user", "content": "Bye \u65e5\u672c"},
                  {"role": "assistant", "content": "<think>\ny\n</think>\nout"}]},
    {"messages": [{"role": "user", "content": "w?"},
                  {"role": "assistant", "content": None,
                   "tool_calls": [{"function": {"name": "weather", "arguments": {"city": "X", "n": [1, 2.0, True, None]}}}]},
                  {"role": "tool", "content": "3"}, {"role": "tool", "content": "4"}, {"role": "assistant", "content": "3"}],
     "tools": TOOLS},
    {"messages": [{"role": "user", "content": [{"type": "text", "text": " look "}, {"type": "image"}]},
                  {"role": "assistant", "content": "ok"}]},
    {"messages": [{"role": "assistant", "content": "first"}, {"role": "user", "content": "x"}], "date_string": "1 Jan 2020"},
    {"messages": [{"role": "system", "content": "alone"}], "add_generation_prompt": True},
]


def rendered(template, variables):
    try:
        return {"text": ENVIRONMENT.from_string(template).render(**variables)}
    except Raised as raised:
        return {"raised": str(raised)}
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}


def cases():
    for template in LINES.strip("\n").split("\n") + LAYOUTS:
        yield {"template": template, **rendered(template, VALUES)}
    for name, template in CHAT_TEMPLATES.items():
        for number, chat in enumerate(CHATS):
            yield {"name": name, "template": template, "chat": number, **rendered(template, chat)}


for chat in CHATS:
    for key, value in (("tools", None), ("documents", None), ("add_generation_prompt", False), ("bos_token", "<s>"), ("eos_token", "</s>")):
        chat.setdefault(key, value)
with open(OUT, "w", encoding="utf-8") as file:
    json.dump({"made_by": "tests/golden/make_templates.py", "jinja2": jinja2.__version__, "values": VALUES, "chats": CHATS,
               "cases": list(cases())}, file, indent=1)
    file.write("\n")
