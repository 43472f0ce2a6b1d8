// #region problems
/** What a mutation's payload says in `errors`. */
export type Problem = { code: string; message: string; path: string[] };

/** The messages for each field of a form, and those that belong to no field. `["input", "email"]` is about `email`. */
export function sorted<Field extends string>(problems: readonly Problem[], fields: readonly Field[]) {
  const fieldOf = ({ path }: Problem) => fields.find((field) => path[0] === "input" && path[1] === field);
  const of = (field: Field | undefined) => problems.filter((each) => fieldOf(each) === field);
  return { of: (field: Field) => of(field).map(({ message }) => message).join(" "), others: of(undefined) };
}
// #endregion
