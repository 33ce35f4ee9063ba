// Shows /openapi.json as a page. No library: the service must work without
// reaching any other site.
'use strict';

const el = (tag, text, ...children) => {
  const e = document.createElement(tag);
  if (text) e.textContent = text;
  e.append(...children);
  return e;
};

// shape writes a schema the way its JSON looks.
function shape(doc, schema, depth = 0, seen = []) {
  if (!schema) return '';
  if (schema.$ref) {
    const name = schema.$ref.split('/').pop();
    if (seen.includes(name) || depth > 6) return name;
    return shape(doc, doc.components.schemas[name], depth, [...seen, name]);
  }
  if (schema.anyOf) return schema.anyOf.map((s) => shape(doc, s, depth, seen)).join(' | ');
  if (schema.enum) return schema.enum.map((v) => JSON.stringify(v)).join(' | ');
  const types = [].concat(schema.type ?? 'any');
  if (types.includes('array')) return '[' + shape(doc, schema.items, depth, seen) + ', …]';
  if (types.includes('object') && schema.properties) {
    const pad = '  '.repeat(depth + 1);
    const required = schema.required ?? [];
    const lines = Object.entries(schema.properties).map(([key, s]) => {
      const note = s.description ? '  // ' + s.description : '';
      return pad + key + (required.includes(key) ? '' : '?') + ': ' + shape(doc, s, depth + 1, seen) + note;
    });
    return '{\n' + lines.join('\n') + '\n' + '  '.repeat(depth) + '}';
  }
  if (schema.additionalProperties) return '{ … : ' + shape(doc, schema.additionalProperties, depth, seen) + ' }';
  return types.join(' | ') + (schema.format ? ' (' + schema.format + ')' : '');
}

function parameters(list) {
  const table = el('table');
  for (const p of list) {
    const s = p.schema ?? {};
    const words = (s.items ?? s).enum;
    const type = words ? words.join(' | ') : [].concat(s.type ?? '').join(' | ');
    table.append(el('tr', '', el('td', '', el('code', p.name + (p.required ? '' : '?'))), el('td', p.in), el('td', type), el('td', p.description ?? '')));
  }
  return table;
}

function operation(doc, method, path, op) {
  const box = el('details', '', el('summary', '', el('b', method.toUpperCase()), el('code', path), ' ' + (op.summary ?? '')));
  if (op.description) box.append(el('p', op.description));
  if (op.parameters?.length) box.append(parameters(op.parameters));
  const json = op.requestBody?.content?.['application/json'];
  if (json) box.append(el('p', 'Body'), el('pre', shape(doc, json.schema)));
  for (const [status, answer] of Object.entries(op.responses ?? {})) {
    const content = Object.values(answer.content ?? {})[0];
    box.append(el('p', status + ' ' + (answer.description ?? '')));
    if (content) box.append(el('pre', shape(doc, content.schema)));
  }
  return box;
}

async function show() {
  const doc = await (await fetch('/openapi.json')).json();
  document.getElementById('about').append(' ' + (doc.info.description ?? ''));
  const groups = new Map();
  for (const [path, methods] of Object.entries(doc.paths)) {
    for (const [method, op] of Object.entries(methods)) {
      const tag = op.tags?.[0] ?? 'service';
      if (!groups.has(tag)) groups.set(tag, []);
      groups.get(tag).push(operation(doc, method, path, op));
    }
  }
  for (const [tag, boxes] of [...groups].sort()) {
    const section = el('section', '', el('h2', tag), ...boxes);
    section.id = tag;
    document.getElementById('operations').append(section);
    const link = el('a', tag);
    link.href = '#' + tag;
    document.getElementById('index').append(link);
  }
}

show().catch((error) => document.getElementById('operations').append(el('p', String(error))));
