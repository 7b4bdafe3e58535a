/**
 * The grammar: rules only, no actions. Expressions are parsed flat (operands and operators in order) and get their
 * precedence in `src/syntax/from-cst-expr.ts`, which keeps the parser's recursion proportional to brackets alone.
 *
 * The language does not depend on newlines, with one exception: the `(` or `[` of a call or an index stands on the line
 * on which its target ends, so that a line that starts with `(` is a new expression.
 */
import { CstParser, type IToken, type TokenType } from 'chevrotain';
import { messages } from './messages.ts';
import {
  BinaryOperator,
  Boolean,
  Colon,
  Comma,
  DotDot,
  Equal,
  FloatLiteral,
  Identifier,
  IntLiteral,
  keywordToken,
  LCurly,
  LParen,
  LSquare,
  PrefixOperator,
  RCurly,
  Role,
  RParen,
  RSquare,
  Scalar,
  StringLiteral,
  TOKENS,
} from './tokens.ts';

/** The parser gives up after this many errors: later ones are rarely true, and each one costs time. */
export const MAX_ERRORS = 20;

// An error inside one of these is an error of the item around it. `item`, `step`, `declaration` and `letStatement` are where
// parsing resumes, since the grammar tool looks for a place to resume only among what follows in the calling rule.
const PART = { resyncEnabled: false } as const;

export class AttnParser extends CstParser {
  constructor() {
    super([...TOKENS], {
      recoveryEnabled: true,
      nodeLocationTracking: 'full',
      maxLookahead: 2,
      errorMessageProvider: messages,
    });
    this.performSelfAnalysis();
  }

  /** Only a missing closing bracket is put in silently: anything else would be a guess. */
  protected override canTokenTypeBeInsertedInRecovery(type: TokenType): boolean {
    return type === RParen || type === RSquare || type === RCurly;
  }

  private onSameLine(): boolean {
    const before: IToken = this.LA(0);
    return before.endLine === this.LA(1).startLine;
  }

  private mayContinue(): boolean {
    return this.errors.length < MAX_ERRORS;
  }

  readonly file = this.RULE('file', () => {
    this.MANY({ GATE: () => this.mayContinue(), DEF: () => this.SUBRULE(this.declaration) });
  });

  private readonly declaration = this.RULE('declaration', () => {
    this.OR([
      { ALT: () => this.SUBRULE(this.importDecl) },
      { ALT: () => this.SUBRULE(this.fnDecl) },
      { ALT: () => this.SUBRULE(this.kernelDecl) },
    ]);
  });

  private readonly importDecl = this.RULE('importDecl', () => {
    this.CONSUME(keywordToken('import'));
    this.OPTION(() => {
      this.CONSUME(LCurly);
      this.CONSUME(Identifier);
      this.MANY(() => {
        this.CONSUME(Comma);
        this.CONSUME2(Identifier);
      });
      this.OPTION2(() => this.CONSUME2(Comma));
      this.CONSUME(RCurly);
      this.CONSUME(keywordToken('from'));
    });
    this.CONSUME(StringLiteral);
  });

  private readonly fnDecl = this.RULE('fnDecl', () => {
    this.CONSUME(keywordToken('fn'));
    this.CONSUME(Identifier);
    this.OPTION(() => this.SUBRULE(this.indexNames));
    this.CONSUME(LParen);
    this.OPTION2(() => this.SUBRULE(this.nameList));
    this.CONSUME(RParen);
    this.OR([
      {
        ALT: () => {
          this.CONSUME(Equal);
          this.SUBRULE(this.expression);
        },
      },
      { ALT: () => this.SUBRULE(this.fnBody) },
    ]);
  });

  private readonly fnBody = this.RULE('fnBody', () => {
    this.CONSUME(LCurly);
    this.MANY({ GATE: () => this.mayContinue(), DEF: () => this.SUBRULE(this.letStatement) });
    this.SUBRULE(this.expression);
    this.CONSUME(RCurly);
  });

  private readonly letStatement = this.RULE('letStatement', () => {
    this.CONSUME(keywordToken('let'));
    this.CONSUME(Identifier);
    this.OPTION(() => this.SUBRULE(this.indexNames));
    this.CONSUME(Equal);
    this.SUBRULE(this.expression);
  });

  private readonly indexNames = this.RULE(
    'indexNames',
    () => {
      this.CONSUME(LSquare);
      this.OPTION(() => this.SUBRULE(this.nameList));
      this.CONSUME(RSquare);
    },
    PART,
  );

  private readonly nameList = this.RULE(
    'nameList',
    () => {
      this.CONSUME(Identifier);
      this.MANY(() => {
        this.CONSUME(Comma);
        this.CONSUME2(Identifier);
      });
      this.OPTION(() => this.CONSUME2(Comma));
    },
    PART,
  );

  private readonly kernelDecl = this.RULE('kernelDecl', () => {
    this.CONSUME(keywordToken('kernel'));
    this.CONSUME(Identifier);
    this.CONSUME(LCurly);
    this.MANY({ GATE: () => this.mayContinue(), DEF: () => this.SUBRULE(this.item) });
    this.CONSUME(RCurly);
  });

  private readonly item = this.RULE('item', () => {
    this.OR([
      { ALT: () => this.SUBRULE(this.axesItem) },
      { ALT: () => this.SUBRULE(this.inItem) },
      { ALT: () => this.SUBRULE(this.scalarItem) },
      { ALT: () => this.SUBRULE(this.requireItem) },
      { ALT: () => this.SUBRULE(this.maskItem) },
      { ALT: () => this.SUBRULE(this.defItem) },
      { ALT: () => this.SUBRULE(this.outItem) },
      { ALT: () => this.SUBRULE(this.stateItem) },
      { ALT: () => this.SUBRULE(this.recurrenceItem) },
      { ALT: () => this.SUBRULE(this.repeatItem) },
    ]);
  });

  private readonly axesItem = this.RULE('axesItem', () => {
    this.CONSUME(keywordToken('axes'));
    this.SUBRULE(this.axisDecl);
    this.MANY(() => {
      this.CONSUME(Comma);
      this.SUBRULE2(this.axisDecl);
    });
    this.OPTION(() => this.CONSUME2(Comma));
  });

  private readonly axisDecl = this.RULE(
    'axisDecl',
    () => {
      this.CONSUME(Identifier);
      this.CONSUME(Colon);
      this.SUBRULE(this.expression);
      this.OPTION(() => {
        this.CONSUME(Equal);
        this.SUBRULE2(this.expression);
      });
    },
    PART,
  );

  private readonly inItem = this.RULE('inItem', () => {
    this.CONSUME(keywordToken('in'));
    this.CONSUME(Identifier);
    this.CONSUME(Colon);
    this.SUBRULE(this.tensorType);
    this.OPTION(() => {
      this.CONSUME(Equal);
      this.SUBRULE(this.expression);
    });
  });

  private readonly scalarItem = this.RULE('scalarItem', () => {
    this.CONSUME(Scalar);
    this.CONSUME(Identifier);
    this.CONSUME(Colon);
    this.CONSUME2(Identifier);
    this.OPTION(() => {
      this.CONSUME(Equal);
      this.SUBRULE(this.expression);
    });
  });

  private readonly requireItem = this.RULE('requireItem', () => {
    this.CONSUME(keywordToken('require'));
    this.SUBRULE(this.expression);
  });

  private readonly maskItem = this.RULE('maskItem', () => {
    this.CONSUME(keywordToken('mask'));
    this.SUBRULE(this.expression);
  });

  private readonly defItem = this.RULE('defItem', () => {
    this.CONSUME(Role);
    this.CONSUME(Identifier);
    this.OPTION(() => this.SUBRULE(this.indexNames));
    this.CONSUME(Equal);
    this.SUBRULE(this.expression);
  });

  private readonly outItem = this.RULE('outItem', () => {
    this.CONSUME(keywordToken('out'));
    this.CONSUME(Identifier);
    this.OPTION(() => {
      this.CONSUME(Colon);
      this.SUBRULE(this.tensorType);
    });
    this.OPTION2(() => {
      this.CONSUME(Equal);
      this.SUBRULE(this.expression);
    });
  });

  private readonly stateItem = this.RULE('stateItem', () => {
    this.CONSUME(keywordToken('state'));
    this.CONSUME(Identifier);
    this.CONSUME(Colon);
    this.SUBRULE(this.tensorType);
    this.OPTION(() => {
      this.CONSUME(Equal);
      this.SUBRULE(this.expression);
    });
  });

  private readonly recurrenceItem = this.RULE('recurrenceItem', () => {
    this.CONSUME(keywordToken('recurrence'));
    this.CONSUME(keywordToken('over'));
    this.CONSUME(Identifier);
    // One axis is right; several get an error of their own.
    this.MANY(() => {
      this.CONSUME(Comma);
      this.CONSUME2(Identifier);
    });
    this.OPTION(() => this.CONSUME(keywordToken('reverse')));
    this.CONSUME(LCurly);
    this.MANY2({ GATE: () => this.mayContinue(), DEF: () => this.SUBRULE(this.step) });
    this.CONSUME(RCurly);
  });

  private readonly repeatItem = this.RULE('repeatItem', () => {
    this.CONSUME(keywordToken('repeat'));
    this.SUBRULE(this.expression);
    this.CONSUME(LCurly);
    this.MANY({ GATE: () => this.mayContinue(), DEF: () => this.SUBRULE(this.step) });
    this.CONSUME(RCurly);
  });

  private readonly step = this.RULE('step', () => {
    this.OPTION(() => this.CONSUME(Role));
    this.CONSUME(Identifier);
    this.OPTION2(() => this.SUBRULE(this.indexNames));
    this.CONSUME(Equal);
    this.SUBRULE(this.expression);
  });

  private readonly tensorType = this.RULE(
    'tensorType',
    () => {
      this.CONSUME(Identifier);
      this.OPTION({
        GATE: () => this.onSameLine(),
        DEF: () => {
          this.CONSUME(LSquare);
          this.OPTION2(() => this.SUBRULE(this.expressionList));
          this.CONSUME(RSquare);
        },
      });
    },
    PART,
  );

  private readonly expressionList = this.RULE(
    'expressionList',
    () => {
      this.SUBRULE(this.expression);
      this.MANY(() => {
        this.CONSUME(Comma);
        this.SUBRULE2(this.expression);
      });
      this.OPTION(() => this.CONSUME2(Comma));
    },
    PART,
  );

  private readonly expression = this.RULE(
    'expression',
    () => {
      this.SUBRULE(this.operand);
      this.MANY(() => {
        this.CONSUME(BinaryOperator);
        this.SUBRULE2(this.operand);
      });
    },
    PART,
  );

  private readonly operand = this.RULE(
    'operand',
    () => {
      this.MANY(() => this.CONSUME(PrefixOperator));
      this.OR([
        { ALT: () => this.CONSUME(IntLiteral) },
        { ALT: () => this.CONSUME(FloatLiteral) },
        { ALT: () => this.CONSUME(Boolean) },
        { ALT: () => this.CONSUME(Identifier) },
        {
          ALT: () => {
            this.CONSUME(LParen);
            this.SUBRULE(this.expression);
            this.CONSUME(RParen);
          },
        },
        { ALT: () => this.SUBRULE(this.ifExpression) },
      ]);
      this.MANY2({ GATE: () => this.onSameLine(), DEF: () => this.SUBRULE(this.suffix) });
    },
    PART,
  );

  private readonly ifExpression = this.RULE(
    'ifExpression',
    () => {
      this.CONSUME(keywordToken('if'));
      this.SUBRULE(this.expression);
      this.CONSUME(keywordToken('then'));
      this.SUBRULE2(this.expression);
      this.CONSUME(keywordToken('else'));
      this.SUBRULE3(this.expression);
    },
    PART,
  );

  private readonly suffix = this.RULE(
    'suffix',
    () => {
      this.OR([
        {
          ALT: () => {
            this.CONSUME(LSquare);
            this.OPTION(() => {
              this.SUBRULE(this.bracketArg);
              this.MANY(() => {
                this.CONSUME(Comma);
                this.SUBRULE2(this.bracketArg);
              });
              this.OPTION2(() => this.CONSUME2(Comma));
            });
            this.CONSUME(RSquare);
          },
        },
        {
          ALT: () => {
            this.CONSUME(LParen);
            this.OPTION3(() => this.SUBRULE(this.expressionList));
            this.CONSUME(RParen);
          },
        },
      ]);
    },
    PART,
  );

  private readonly bracketArg = this.RULE(
    'bracketArg',
    () => {
      this.SUBRULE(this.expression);
      this.OPTION(() => {
        this.OR([
          {
            ALT: () => {
              this.CONSUME(keywordToken('in'));
              this.SUBRULE2(this.expression);
              this.CONSUME(DotDot);
              this.SUBRULE3(this.expression);
            },
          },
          {
            ALT: () => {
              this.CONSUME(Equal);
              this.SUBRULE4(this.expression);
            },
          },
        ]);
      });
    },
    PART,
  );
}

/** One instance serves every parse: building it analyses the grammar, which takes a while. */
export const parser = new AttnParser();
