"""Words of English captions that name nothing that is seen; words of place such as "near" are not among them."""

STOP_WORDS = frozenset(
    """
    a about above actually after again against all almost along also although always among amongst an and another any
    are aren't as at be because been before being below between both but by can cannot could did do does doing done
    down during each either else enough etc even ever every few for from further get gets give given gives go goes
    had has have having he her here hers herself him himself his how however i if in into is isn't it its itself just
    kind kinds least less like lot lots made make makes many may maybe me might mine more most much must my myself
    neither no nor not now of off often on once only onto or other others our ours out over own part parts per perhaps
    piece pieces quite rather really same see seem seems seen several shall she should show shows shown so some
    somewhat such than that the their theirs them themselves then there these they thing things this those though
    through thus to together too two toward towards under until up upon us very was we well were what when where
    whether which while who whole whom whose why will with within without would yet you your yours
    one three four five six seven eight nine ten first second picture pictures image images photo photos
    """.split()
)
