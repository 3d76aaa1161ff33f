/** The JSON Schema of `waybill.yaml`, as `waybill assets schema` prints it. */
export async function assetsSchema(): Promise<Readonly<Record<string, unknown>>> {
  const { definitionsSchema } = await import('../assets/definitions/load.ts')
  return definitionsSchema()
}
