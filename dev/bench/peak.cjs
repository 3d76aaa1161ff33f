// Preloaded into Waybill's process (NODE_OPTIONS=--require) when its memory is measured: at its end it adds a line with
// its peak in KiB to the file that WAYBILL_BENCH_PEAK names. VmHWM and not getrusage's maxrss, in which Linux counts the
// memory of the process that started it too.
'use strict'

const fs = require('node:fs')

process.on('exit', () => {
  const file = process.env['WAYBILL_BENCH_PEAK']
  const peak = /VmHWM:\s+(\d+)/.exec(fs.readFileSync('/proc/self/status', 'utf8'))
  if (file !== undefined && peak !== null) fs.appendFileSync(file, `${peak[1]}\n`)
})
