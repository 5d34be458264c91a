import { FIELDS, type FieldInfo, findField } from '../engine/fields.ts';

/** The field of a block that is named as in the text: `vcpu`, `cpu`, `device`, `iommu`, `guest`. */
export function fieldNamed(block: string, path: string): FieldInfo | undefined {
  const owner = FIELDS.find(each => each.block === block)?.block;
  return owner && findField(owner, path);
}
