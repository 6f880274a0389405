// As much of safetensors as the comparisons need.
import {readFileSync, writeFileSync} from 'node:fs';

const kArrays = {F32: Float32Array, I64: BigInt64Array, F16: Uint16Array};

/// {name: {dtype, shape, values}}
export function readSafetensors(path) {
  const bytes = readFileSync(path);
  const headerBytes = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.subarray(8, 8 + headerBytes).toString('utf8'));
  const tensors = {};
  delete header.__metadata__;
  for (const [name, {dtype, shape, data_offsets: [begin, end]}] of Object.entries(header)) {
    const start = bytes.byteOffset + 8 + headerBytes;
    tensors[name] = {dtype, shape, values: new kArrays[dtype](bytes.buffer.slice(start + begin, start + end))};
  }
  return tensors;
}

export function writeSafetensors(path, tensors) {
  const header = {};
  let offset = 0;
  for (const [name, {dtype, shape, values}] of Object.entries(tensors)) {
    header[name] = {dtype, shape, data_offsets: [offset, offset += values.byteLength]};
  }
  const text = Buffer.from(JSON.stringify(header));
  const padded = Buffer.concat([text, Buffer.alloc((8 - text.length % 8) % 8, ' ')]);
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(padded.length));
  const data = Object.values(tensors).map(({values}) => Buffer.from(values.buffer, values.byteOffset, values.byteLength));
  writeFileSync(path, Buffer.concat([size, padded, ...data]));
}
