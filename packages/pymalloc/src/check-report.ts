/** Takes one violation: a rule, the address where it was seen, what was found and what was expected. */
export type Report = (rule: string, address: number, message: string) => void;
