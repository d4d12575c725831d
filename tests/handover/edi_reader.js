// Reads EDIFACT by the npm package `edifact`: a line {level, text} in, a line of its segments out.
'use strict'

const readline = require('readline')
const Parser = require(process.argv[2])

function segments({ level, text }) {
  const read = []
  const parser = new Parser()
  parser.encoding(level)
  parser.on('opensegment', (tag) => read.push([[tag]]))
  parser.on('element', () => read[read.length - 1].push([]))
  parser.on('component', (value) => read[read.length - 1].at(-1).push(value))
  parser.write(text)
  parser.end()
  return read
}

readline.createInterface({ input: process.stdin }).on('line', (line) => {
  let answer
  try {
    answer = { segments: segments(JSON.parse(line)) }
  } catch (fault) {
    answer = { fault: String(fault) }
  }
  process.stdout.write(JSON.stringify(answer) + '\n')
})
