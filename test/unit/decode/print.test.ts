import { describe, expect, it } from 'vitest';
import type { Explanation } from '../../../extension/decode/explanation.ts';
import { toMarkdown, toText } from '../../../extension/decode/print.ts';
import { read } from './at.ts';

describe('printers', () => {
  it('prints Markdown with the meaning first and the fields in a table of fixed width', () => {
    expect(toMarkdown(read('0x2041', 'x2apic-icr'))).toMatchInlineSnapshot(`
      "Fixed vector 0x41 (65) to APIC 0, physical, edge  
      **x2APIC ICR** \`0x0000000000002041\`

      - **error**: reserved bit 13 set: \\#GP on WRMSR, mask 0xfff32000 (KVM: 6.13 and later, and late 6.1.y; 6.3 and older do not check) *(SDM vol. 3, x2APIC ICR; KVM kvm\\_x2apic\\_icr\\_write)*

      \`\`\`text
          7:0  vector         0x41  (65)
         10:8  delivery_mode  0x0   Fixed
           11  dest_mode      0x0   physical
      !    13  reserved_13    0x1   must be 0
           14  level          0x0   de-assert
           15  trigger        0x0   edge
        19:18  shorthand      0x0   none
        63:32  destination    0x0   x2APIC ID, or cluster and mask
      \`\`\`

      - trace: dst 0 vec 65 (Fixed\\|physical\\|de-assert\\|edge\\|dst)

      *SDM vol. 3, x2APIC ICR; KVM kvm\\_x2apic\\_icr\\_write*"
    `);
  });

  it('prints text of at most 72 columns', () => {
    for (const [value, as] of [
      ['0xFEE05020 0x31', 'msi'],
      ['0x2345678000418001 0x0000000100000000', 'irte-posted'],
      ['0x8041', 'icr-low'],
      ['0xC00000012345600A', 'avic-physical'],
      ['0xfff', 'apicv-inhibits'],
      ['0xffffffffffffffff 0x0 0x0 0x8000000000000000', 'pir'],
      ['0x1', 'pid'],
    ]) {
      for (const line of toText(read(value, as)).split('\n')) expect(line.length).toBeLessThanOrEqual(72);
    }
  });

  it('escapes what comes from the text at hand', () => {
    const e: Explanation = {
      title: '<b>`x`</b>',
      value: '`1`',
      meaning: '[link](command:evil) *a* _b_ <script>',
      rows: [{ field: '```', bits: '', value: '1', meaning: 'm' }],
      problems: [],
      notes: ['![i](http://x)'],
      source: 's|t',
    };
    const text = toMarkdown(e);
    expect(text).toContain('\\[link\\](command:evil) \\*a\\* \\_b\\_ \\<script\\>');
    expect(text).toContain("'''");
    expect(text).toContain('\\!\\[i\\]');
    expect(text).not.toContain('```\n```');
  });
});
