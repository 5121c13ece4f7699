// The client of hey-api: functions have the names of those of the service, in camel case.

import { archiveExport, createItem, listItems, notesExport, readItem } from "./client";

export async function firstOf(name: string): Promise<string> {
  const { data, error, response } = await createItem({ body: { name } });
  if (error !== undefined) {
    throw new Error(`${error.title}: ${error.detail} (${response?.status})`);
  }
  const { data: read } = await readItem({ path: { item_id: data.id }, throwOnError: true });
  const { data: page } = await listItems({ query: { limit: 1 }, throwOnError: true });
  return page.items[0]?.name ?? read.name;
}

export const exports = [archiveExport, notesExport];
// @ts-expect-error: a name is a string
export const wrong = () => createItem({ body: { name: 1 } });
