// The types of openapi-typescript: operations have the names of the functions of the service.

import type { components, operations } from "./schema";

type ItemRead = components["schemas"]["ItemRead"];
type Created = operations["create_item"]["responses"][201]["content"]["application/json"];
type Conflict = operations["create_item"]["responses"][409]["content"]["application/problem+json"];
type Query = NonNullable<operations["list_items"]["parameters"]["query"]>;
type Exports = [operations["archive_export"], operations["notes_export"]];

export const query: Query = { limit: 20 };
export const titleOf = (problem: Conflict): string => problem.title;
export const itemOf = (created: Created): ItemRead => created;
export const count: Exports["length"] = 2;
// @ts-expect-error: a title is a string
export const wrong: Conflict["title"] = 1;
